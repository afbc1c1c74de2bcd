package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Says of a path that is to be read why it is no file. */
public final class RegularFile {

    private static final int HEAD = 64;

    private RegularFile() {}

    /**
     * Requires a file.
     *
     * @param file the path
     * @param what what the file is for, as in "the text file"
     * @throws InvalidInputException if it is not there, a link to nothing, a folder, a pipe or a device, a stand-in of
     *     git-lfs, or unreadable
     */
    public static void require(Path file, String what) {
        if (!Files.exists(file)) {
            throw new InvalidInputException(what + " " + file + linkToNothing(file));
        }
        requireIfThere(file);
        if (!Files.isReadable(file)) {
            throw new InvalidInputException(what + " " + file + " cannot be read: you have no permission");
        }
    }

    /**
     * Requires that what is there is a file, and not what git leaves in its place; that nothing is there is left to whoever
     * opens it.
     *
     * @param file the path
     * @throws InvalidInputException if it is a link to nothing, a folder, a pipe or a device, or a stand-in of git-lfs
     */
    public static void requireIfThere(Path file) {
        if (Files.isDirectory(file)) {
            throw new InvalidInputException(file + " is a folder: name a file");
        }
        if (Files.isSymbolicLink(file) && !Files.exists(file)) {
            throw new InvalidInputException(file + linkToNothing(file));
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new InvalidInputException(file + " is a pipe or a device: store its content in a file first, for it is read"
                    + " more than once");
        }
        refuseStandIn(file);
    }

    private static void refuseStandIn(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            Signature.of(in.readNBytes(HEAD)).filter(found -> found == Signature.GIT_LFS).ifPresent(found -> {
                throw new InvalidInputException(file + " is " + found.meaning);
            });
        } catch (IOException e) {
            // its reader will say so
        }
    }

    private static String linkToNothing(Path file) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && Files.isSymbolicLink(file)) {
            try {
                return " is a link to " + Files.readSymbolicLink(file) + ", which is not there: mend or delete the link";
            } catch (IOException e) {
                return " is a link that leads nowhere: mend or delete it";
            }
        }
        return " is not there";
    }
}
