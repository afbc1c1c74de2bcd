package ai.spattention.train.report;

import ai.spattention.olmoe.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Why a run failed, in its folder: one line of text. Gone as soon as the run goes on. */
public final class FailureFile {

    private static final String NAME = "failure.txt";
    private static final int LONGEST = 10_000;

    private FailureFile() {}

    static void write(Path folder, Throwable failure) throws IOException {
        AtomicFile.write(folder.resolve(NAME), reason(failure) + "\n");
    }

    static void delete(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(NAME));
    }

    /**
     * Reads the reason.
     *
     * @param folder a run's folder
     * @return one line, empty if the run did not fail
     * @throws IOException if the file is there and cannot be read
     */
    public static Optional<String> read(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (var in = Files.newInputStream(file)) {
            return Optional.of(firstLine(new String(in.readNBytes(LONGEST), StandardCharsets.UTF_8)));
        }
    }

    /** The sentence for a page. */
    static String note(Throwable failure) {
        return note(reason(failure));
    }

    static String note(String reason) {
        return "The run failed: " + reason;
    }

    private static String reason(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : firstLine(message);
    }

    private static String firstLine(String text) {
        return text.strip().lines().findFirst().orElse("for an unknown reason");
    }
}
