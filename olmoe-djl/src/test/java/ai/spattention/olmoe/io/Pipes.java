package ai.spattention.olmoe.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Assumptions;

/** Named pipes, which Java cannot make itself. */
final class Pipes {

    private Pipes() {}

    static Path make(Path pipe) throws IOException {
        try {
            Assumptions.assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no named pipes here");
        } catch (IOException e) {
            Assumptions.abort("this system has no mkfifo");
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        return pipe;
    }

    /** Reads a pipe to its end, at the same time as it is written. */
    static CompletableFuture<String> read(Path pipe) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return Files.readString(pipe);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
