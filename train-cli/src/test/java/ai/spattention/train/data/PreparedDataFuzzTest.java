package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a prepared folder's manifest and shard hold, they are read or refused. */
class PreparedDataFuzzTest {

    @TempDir
    static Path folder;

    /** The input is a manifest, a zero byte, and the content of the one shard that is there. */
    @FuzzTest(maxDuration = "1m")
    void anyFolderIsReadOrRefused(byte[] content) throws IOException {
        int zero = 0;
        while (zero < content.length && content[zero] != 0) {
            zero++;
        }
        Files.write(folder.resolve(Manifest.FILE), Arrays.copyOf(content, zero));
        Files.createDirectories(folder.resolve("train"));
        Files.write(folder.resolve("train/part-0.npy"),
                Arrays.copyOfRange(content, Math.min(zero + 1, content.length), content.length));
        try (TokenSequences sequences = PreparedData.open(folder).sequences(Split.TRAIN, 2)) {
            for (long i = 0; i < sequences.count(); i++) {
                sequences.read(i);
            }
        } catch (InvalidInputException e) {
            // refused
        }
    }
}
