package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a packed file holds, it is read or refused. */
class TextStreamFuzzTest {

    private static final int ENOUGH = 1 << 24;

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyPackedFileIsReadOrRefused(byte[] content) throws IOException {
        readOrRefuse("a.gz", content);
        readOrRefuse("a.zst", content);
    }

    private static void readOrRefuse(String name, byte[] content) throws IOException {
        Path file = Files.write(folder.resolve(name), content);
        try (InputStream in = TextStream.open(file)) {
            in.readNBytes(ENOUGH);
        } catch (InvalidInputException e) {
            // refused
        } catch (IOException e) {
            try {
                throw ReadFailures.explain(file, e);
            } catch (InvalidInputException refused) {
                // refused
            }
        }
    }
}
