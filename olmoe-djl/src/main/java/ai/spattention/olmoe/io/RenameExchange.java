package ai.spattention.olmoe.io;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Lets two folders change their names in one step, where the system can: Linux's {@code renameat2}, which Java does not offer. */
final class RenameExchange {

    private static final int FROM_WORKING_FOLDER = -100; // AT_FDCWD
    private static final int EXCHANGE = 2; // RENAME_EXCHANGE

    private RenameExchange() {}

    /** The C library. */
    private interface LibC extends Library {

        int renameat2(int oldFolder, String oldPath, int newFolder, String newPath, int flags) throws LastErrorException;
    }

    /**
     * Exchanges two folders of one folder. Where that is not one step, the second is moved aside first: a process that is killed
     * between the moves leaves both whole, and {@link AtomicFolder#clearLeftovers} gives one of them the name.
     *
     * @return the path at which the second folder is now
     */
    static Path exchange(Path first, Path second) throws IOException {
        try {
            LibC library = Native.load("c", LibC.class,
                    Map.of(Library.OPTION_STRING_ENCODING, System.getProperty("sun.jnu.encoding", "UTF-8")));
            library.renameat2(FROM_WORKING_FOLDER, first.toString(), FROM_WORKING_FOLDER, second.toString(), EXCHANGE);
            return first;
        } catch (LastErrorException | LinkageError e) { // another system, or a file system that cannot
            return inTwoSteps(first, second);
        }
    }

    static Path inTwoSteps(Path first, Path second) throws IOException {
        Path aside = TemporaryName.beside(second);
        Files.move(second, aside);
        try {
            Files.move(first, second);
        } catch (IOException e) {
            Files.move(aside, second);
            throw e;
        }
        return aside;
    }
}
