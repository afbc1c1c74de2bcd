package ai.spattention.olmoe.io;

import ai.spattention.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks of a file that is written when the work is done, made before it begins. */
public final class WritableFile {

    private WritableFile() {}

    /**
     * Refuses a file that could not be written. Nothing is created.
     *
     * @param option what named the file, for the message
     * @param file the file, or null for none
     * @throws InvalidInputException if the file is a folder, something above it is a file, or it cannot be written there
     */
    public static void require(String option, Path file) {
        if (file == null) {
            return;
        }
        Path target = file.toAbsolutePath();
        if (Files.isDirectory(target)) {
            throw new InvalidInputException(option + " " + file + " is a folder: name a file to write");
        }
        boolean inPlace = Files.exists(target) && !Files.isRegularFile(target); // a device or a pipe
        Path above = inPlace ? target : target.getParent();
        while (!Files.exists(above)) {
            above = above.getParent();
        }
        if (!inPlace && !Files.isDirectory(above)) {
            throw new InvalidInputException(option + " " + file + " cannot be written: " + above
                    + " is a file where a folder has to be");
        }
        if (!Files.isWritable(above)) {
            throw new InvalidInputException(option + " " + file + " cannot be written: " + above + " is read-only or not yours");
        }
    }
}
