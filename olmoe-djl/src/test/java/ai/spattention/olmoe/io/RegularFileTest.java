package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegularFileTest {

    @TempDir
    private Path folder;

    private String refusal(String name) {
        return assertThrows(InvalidInputException.class, () -> RegularFile.require(folder.resolve(name), "the text file"))
                .getMessage().replace(folder + "/", "");
    }

    @Test
    void saysWhyAPathIsNoFile() throws IOException {
        Files.createDirectory(folder.resolve("folder"));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("nowhere.txt"));
        assertEquals("the text file absent.txt is not there", refusal("absent.txt"));
        assertEquals("folder is a folder: name a file", refusal("folder"));
        assertEquals("the text file link is a link to nowhere.txt, which is not there: mend or delete the link", refusal("link"));
    }

    /** To open a pipe that nobody writes to would wait for ever. */
    @Test
    void aPipeIsRefused() throws IOException, InterruptedException {
        Process made = new ProcessBuilder("mkfifo", folder.resolve("pipe").toString()).start();
        assumeTrue(made.waitFor() == 0, "there are no pipes here");
        assertEquals("pipe is a pipe or a device: store its content in a file first, for it is read more than once", refusal("pipe"));
    }

    @Test
    void followsLinks() throws IOException {
        Files.createSymbolicLink(folder.resolve("link"), Files.writeString(folder.resolve("file.txt"), "text"));
        RegularFile.require(folder.resolve("link"), "the text file");
    }
}
