package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbeJsonTest {

    private static final List<ProbeResult> RESULTS = List.of(
            new ProbeResult("position", 1, "held-out", "loss", "nats a token", 5, "sequence", Map.of("windows", "2"),
                    List.of(Bin.of("[0,2)", 0, 2, List.of(Moments.of(1, 2), Moments.of(4, 4))),
                            Bin.of("[2,5)", 2, 5, List.of(Moments.NONE, Moments.of(-3.25))))),
            new ProbeResult("tasks", 1, "piqa", "acc", "share of examples", 64, "64", Map.of(), List.of()));

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("probes.json");
        ProbeJson.write(file, RESULTS);
    }

    @Test
    void resultsAreReadAgain() throws IOException {
        assertEquals(RESULTS, ProbeJson.read(file));
        assertEquals(RESULTS, ProbeJson.parse("part", ProbeJson.tree(RESULTS)));
        assertTrue(Files.readString(file).contains("\"moments\":{\"n\":4,\"sum\":11.0,\"sum_of_squares\":37.0}"));
    }

    /** Windows are mostly of one size: thousands of equal counts would be most of a study's file. */
    @Test
    void countsThatAreAllAlikeAreOneNumberAndWereAList() throws IOException {
        String json = Files.readString(file);
        assertTrue(json.contains("\"n\":2,\"mean\":[1.5,4.0]") && json.contains("\"n\":[0,1],\"mean\":[0.0,-3.25]"), json);
        String first = json.replace("\"n\":2,\"mean\"", "\"n\":[2,2],\"mean\"").replace("version\":2,\"probes", "version\":1,\"probes");
        Files.writeString(file, first);
        assertEquals(RESULTS, ProbeJson.read(file));
        assertTrue(message(first.replace("[2,2]", "[2,2,2]")).endsWith("3 windows have counts and 2 have means"));
        assertTrue(message(first.replace("[2,2]", "\"2\"")).startsWith(file + " is damaged"));
    }

    @Test
    void whatIsNotThatIsRefused() throws IOException {
        String json = Files.readString(file);
        assertEquals(file + " holds no probes of format version 1 to 2 (got 3)", message(json.replace("version\":2,\"probes", "version\":3,\"probes")));
        assertEquals(file + " holds no probes of format version 1 to 2 (got none)", message("[]"));
        assertTrue(message(json.substring(0, 40)).startsWith(file + " is not valid JSON"));
        assertTrue(message(json.replace("\"length\":5", "\"length\":\"5\"")).startsWith(file + " is damaged"));
        assertTrue(message(json.replace("\"n\":4", "\"n\":-4")).startsWith(file + " is damaged"));
        assertTrue(message("").startsWith(file + " holds no probes"));
    }

    private String message(String json) throws IOException {
        Files.writeString(file, json);
        String message = assertThrows(InvalidInputException.class, () -> ProbeJson.read(file)).getMessage();
        assertEquals(1, message.lines().count());
        return message;
    }

    /** Two windows of 2 tokens with means 1.5 and 4: √(2 · (2.5² + 2.5²)) / 4. */
    @Test
    void theTableHasTheErrorOfWindows() {
        String[] lines = ProbeTable.of(RESULTS).toText().split("\n");
        assertEquals("probe     text      measure  length  layout    bin    n  mean     stderr", lines[0]);
        assertEquals("position  held-out  loss     5       sequence  [0,2)  4  2.7500   1.2500", lines[1]);
        assertEquals("position  held-out  loss     5       sequence  [2,5)  1  -3.2500  -", lines[2]);
        assertEquals(3, lines.length);
    }
}
