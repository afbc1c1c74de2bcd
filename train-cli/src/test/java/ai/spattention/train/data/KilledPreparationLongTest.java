package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.KillChain;
import ai.spattention.train.data.source.SourceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However often a preparation is killed, in the end its shards are those of one that nobody disturbed, to the byte. */
class KilledPreparationLongTest {

    @TempDir
    private Path folder;

    @Test
    void aHundredKillsChangeNothing() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 8_000; i++) {
            lines.append("{\"text\": \"document ").append(i).append(" word".repeat(i % 31)).append("\"}\n");
        }
        Path input = SourceFiles.write(folder.resolve("in.jsonl.gz"), lines.toString());
        new KillChain("preparation", folder.resolve("log")).run(folder,
                output -> List.of(KilledPreparationLongTest.class.getName(), input.toString(), output.toString()), output -> {
                    assertEquals(PreparedFiles.contents(folder.resolve("timed")), PreparedFiles.contents(output));
                    assertFalse(Files.exists(output.resolve(Preparation.WORK)));
                });
    }

    /** The process: prepares, unless the last one was killed after it had done so; then this one clears up behind it. */
    public static void main(String[] arguments) throws IOException {
        Path output = Path.of(arguments[1]);
        if (!Files.exists(output.resolve(Manifest.FILE)) || Files.exists(output.resolve(Preparation.WORK))) {
            try {
                KilledPreparationTest.main(new String[] {arguments[0], arguments[1], Integer.toString(Integer.MAX_VALUE)});
            } catch (InvalidInputException e) {
                assertTrue(e.getMessage().contains("holds prepared data already"), e.getMessage());
            }
        }
    }
}
