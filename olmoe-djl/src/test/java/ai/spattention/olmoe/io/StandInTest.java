package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.safetensors.TensorFolder;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Stand-ins of git-lfs in a model folder. */
class StandInTest {

    @TempDir
    private Path folder;

    private void assertNamed(String name, Executable reader) throws IOException {
        Path file = Files.writeString(folder.resolve(name),
                "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab".repeat(32) + "\nsize 866312\n");
        assertEquals(file + " is the stand-in that git leaves where git-lfs is not installed, not the file itself: run 'git lfs pull'",
                assertThrows(InvalidInputException.class, reader).getMessage());
        Files.delete(file);
    }

    @Test
    void areNamedByEveryReader() throws IOException {
        assertNamed("config.json", () -> ConfigJson.read(folder.resolve("config.json")));
        assertNamed("tokenizer.json", () -> Tokenizers.load(folder, null));
        assertNamed("model.safetensors", () -> TensorFolder.open(folder));
        assertNamed("model.safetensors.index.json", () -> TensorFolder.open(folder));
    }
}
