package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaunchedCommandTest {

    @TempDir
    private Path folder;

    private static List<String> resumed(String... arguments) {
        return new LaunchedCommand(List.of(arguments)).resumed();
    }

    @Test
    void aTrainingGoesOnWithTheSameArguments() {
        assertEquals(List.of("train", "--config", "c", "--output", "o", "--resume"), resumed("train", "--config", "c", "--output", "o"));
        assertEquals(List.of("train", "--resume", "--output", "o"), resumed("train", "--resume", "--output", "o"));
        assertEquals(List.of("bench", "train"), resumed("bench", "train"));
    }

    /** 'train' refuses --from beside --resume. */
    @Test
    void whatBeganWithAModelGoesOnWithItsOwnConfiguration() throws IOException {
        String output = "--output=" + folder;
        assertEquals(List.of("train", "--from", "m", "--config", "c", output), resumed("train", "--from", "m", "--config", "c", output),
                "it has written nothing yet");
        Files.writeString(folder.resolve("config.yaml"), "");
        assertEquals(List.of("train", output, "--resume"), resumed("train", "--from", "m", "--config", "c", output));
        assertEquals(List.of("train", "--output", folder.toString(), "--resume"),
                resumed("train", "--from=m", "--config=c", "--output", folder.toString()));
    }

    @Test
    void aTrainingThatGoesOnNeedsItsFolder() {
        assertFalse(new LaunchedCommand(List.of("train", "--config", "c")).isResumable());
        assertTrue(new LaunchedCommand(List.of("train", "--output=o")).isResumable());
        assertTrue(new LaunchedCommand(List.of("train", "--output", "o")).isResumable());
        assertTrue(new LaunchedCommand(List.of("bench", "collectives")).isResumable());
    }
}
