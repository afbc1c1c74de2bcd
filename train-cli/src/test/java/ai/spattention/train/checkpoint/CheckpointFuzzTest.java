package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the small files of a checkpoint hold, it is found whole or skipped, or refused as a later version's. */
class CheckpointFuzzTest {

    @TempDir
    static Path folder;

    /** The input is the content of state.json, a zero byte, and that of manifest.json; without the latter, one that fits. */
    @FuzzTest(maxDuration = "1m")
    void anyCheckpointIsFoundOrSkipped(byte[] content) throws IOException {
        int zero = 0;
        while (zero < content.length && content[zero] != 0) {
            zero++;
        }
        Path checkpoint = Files.createDirectories(folder.resolve("step-00000001"));
        Path state = Files.write(checkpoint.resolve("state.json"), Arrays.copyOf(content, zero));
        Path model = Files.write(checkpoint.resolve("model.safetensors"), new byte[0]);
        Files.write(checkpoint.resolve("optimizer.safetensors"), new byte[0]);
        Path manifest = checkpoint.resolve("manifest.json");
        if (zero < content.length) {
            Files.write(manifest, Arrays.copyOfRange(content, zero + 1, content.length));
        } else {
            String empty = Sha256.of(List.of(model));
            Files.writeString(manifest, "{\"model.safetensors\": \"" + empty + "\", \"optimizer.safetensors\": \"" + empty
                    + "\", \"state.json\": \"" + Sha256.of(List.of(state)) + "\"}");
        }
        List<String> skipped = new ArrayList<>();
        try {
            new CheckpointStore(folder, 1).newest(skipped::add)
                    .ifPresentOrElse(found -> assertNotNull(found.state()), () -> assertNotNull(skipped.get(0)));
        } catch (InvalidInputException e) {
            assertTrue(e.getMessage().contains("this program reads versions up to"), e.getMessage());
        }
    }
}
