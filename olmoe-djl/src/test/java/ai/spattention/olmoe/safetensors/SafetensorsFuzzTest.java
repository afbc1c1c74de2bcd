package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a safetensors file holds, it is read or refused. */
class SafetensorsFuzzTest {

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsReadOrRefused(byte[] content) throws IOException {
        Path path = Files.write(folder.resolve("model.safetensors"), content);
        try (NDManager manager = NDManager.newBaseManager(); SafetensorsFile file = SafetensorsFile.open(path)) {
            for (String name : file.names()) {
                readOrRefuse(manager, file, name);
            }
        } catch (InvalidInputException e) {
            // refused
        }
    }

    /** One tensor that arrays cannot hold does not keep the others from being read. */
    private static void readOrRefuse(NDManager manager, SafetensorsFile file, String name) {
        try {
            file.read(manager, name).toByteArray();
        } catch (InvalidInputException e) {
            // refused
        }
    }
}
