package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskCommandTest {

    @TempDir
    private Path folder;

    @Test
    void printsADigestAsOneJsonLine() throws Exception {
        Cli result = Cli.ok("mask", "--pattern", "exclusive", "--heads", "3", "--length", "10", "--digest");
        assertEquals(1, result.out().lines().count());
        JsonNode line = new ObjectMapper().readTree(result.out());
        assertEquals("exclusive", line.get("pattern").asText());
        assertEquals(3, line.get("heads").asInt());
        assertEquals(10, line.get("length").asInt());
        assertEquals(55, line.get("allowed_pairs").asLong(), "10 * 11 / 2: every pair once");
        assertTrue(line.get("sha256").asText().matches("[0-9a-f]{64}"));
    }

    @Test
    void theLayoutLengthMovesTheBands() throws Exception {
        String own = digest("sequence");
        assertEquals(own, digest("16"));
        assertNotEquals(own, digest("64"));
    }

    private static String digest(String layoutLength) throws Exception {
        String line = Cli.ok("mask", "--pattern", "sp", "--heads", "4", "--length", "16", "--layout-length", layoutLength, "--digest").out();
        return new ObjectMapper().readTree(line).get("sha256").asText();
    }

    @Test
    void drawsText() {
        String drawn = Cli.ok("mask", "--pattern", "sp", "--heads", "2", "--length", "6", "--ascii").out();
        assertTrue(drawn.lines().count() >= 6, drawn);
    }

    @ParameterizedTest
    @CsvSource({"causal, 1", "sp, 3", "exclusive, 1024", "local, 1", "gapped, 1", "longformer, 1", "bigbird, 2", "reformer, 2"})
    void drawsTheLongestSequence(String pattern, String heads) {
        String drawn = Cli.ok("mask", "--pattern", pattern, "--heads", heads, "--length", "2147483647", "--ascii").out();
        assertEquals("each character stands for about 33554432 positions", drawn.lines().findFirst().orElseThrow());
        assertEquals(1 + Integer.parseInt(heads) * 65, drawn.lines().count());
    }

    @Test
    void drawsAndDigestsTheBaselinesOfThePapers() throws Exception {
        for (String pattern : new String[] {"longformer-dilated", "longformer-dilated:3", "bigbird-random", "bigbird-random:7"}) {
            String line = Cli.ok("mask", "--pattern", pattern, "--heads", "4", "--length", "70", "--digest").out();
            long pairs = new ObjectMapper().readTree(line).get("allowed_pairs").asLong();
            String drawn = Cli.ok("mask", "--pattern", pattern, "--heads", "4", "--length", "64", "--ascii").out();
            assertEquals(4 * 65, drawn.lines().count());
            assertTrue(pairs > 4 * 70 && pairs < 4 * 70 * 71 / 2, pattern + ": " + pairs);
        }
        String longest = Cli.refused("mask", "--pattern", "bigbird-random", "--heads", "1", "--length", "2147483647", "--ascii");
        assertTrue(longest.contains("a drawing of random blocks goes over those of all heads, at most 262144 (got 33554431)"), longest);
        Cli.ok("mask", "--pattern", "bigbird-random", "--heads", "1", "--length", "16000000", "--ascii");
        String hashed = Cli.refused("mask", "--pattern", "lsh", "--heads", "1", "--length", "9", "--ascii");
        assertTrue(hashed.contains("--pattern lsh has no mask: what is seen depends on the tokens"), hashed);
    }

    @Test
    void refusesToDrawMoreHeadsThanAnybodyLooksAt() {
        for (String form : new String[] {"--ascii", "--png=" + folder.resolve("mask.png")}) {
            String message = Cli.refused("mask", "--pattern", "sp", "--heads", "2147483647", "--length", "9", form);
            assertTrue(message.contains("--heads must be at most 1024 for a drawing (got 2147483647)"), message);
        }
    }

    @Test
    void drawsAPicture() throws Exception {
        Path file = folder.resolve("mask.png");
        Cli.ok("mask", "--pattern", "longformer", "--heads", "4", "--length", "33", "--png", file.toString());
        assertTrue(ImageIO.read(file.toFile()).getWidth() > 4 * 33);
        assertEquals(1, folder.toFile().list().length, "nothing else is left");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "spx|4|16|unknown attention pattern 'spx'", "sp|0|16|--heads must be at least 1 (got 0)",
        "sp|4|0|--length must be at least 1 (got 0)", "sp|4|-1|--length must be at least 1 (got -1)",
        "sp|x|4|'''x'' is not an int'", "sp|2147483647|4|--heads must be at most 65536 for a digest (got 2147483647)",
        "sp|1|2147483647|--length bytes, at most 68719476736 (got 1 x 2147483647 x 2147483647): use fewer heads or a shorter"})
    void refuses(String pattern, String heads, String length, String reason) {
        String message = Cli.refused("mask", "--pattern", pattern, "--heads", heads, "--length", length, "--digest");
        assertTrue(message.contains(reason), message);
    }

    @Test
    void refusesALayoutOfNothing() {
        String message = Cli.refused("mask", "--pattern", "sp", "--heads", "2", "--length", "4", "--layout-length", "0", "--ascii");
        assertTrue(message.contains("at least 1"), message);
    }

    @Test
    void asksForAKindOfOutput() {
        assertTrue(Cli.refused("mask", "--pattern", "sp", "--heads", "2", "--length", "4").contains("--digest"));
    }
}
