package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import com.github.luben.zstd.ZstdIOException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.util.zip.ZipException;

/** Tells failures that lie in a file, which a person can mend, from others. */
public final class ReadFailures {

    private ReadFailures() {}

    /**
     * Explains a failure to read.
     *
     * @param where the file, and the place in it if that is known
     * @param e the failure
     * @return the failure with its place, if the file is not to blame
     * @throws InvalidInputException if it is
     */
    public static IOException explain(Object where, IOException e) {
        String message = e.getMessage() == null ? "" : e.getMessage().lines().findFirst().orElse("");
        Object place = e instanceof FileSystemException file && file.getFile() != null ? file.getFile() : where;
        String problem = null;
        if (e instanceof NoSuchFileException) {
            problem = "is not there any more: put it back and start again";
        } else if (e instanceof AccessDeniedException) {
            problem = "cannot be read: you have no permission";
        } else if (e instanceof FileSystemLoopException) {
            problem = "is a link to a folder that it lies in: delete the link";
        } else if (e instanceof EOFException) {
            problem = "is truncated: its compressed data end too early; get the whole file again";
        } else if (e instanceof ZipException || e instanceof ZstdIOException) {
            problem = "is damaged: its compressed data cannot be read (" + message + "); get it again";
        } else if (e instanceof CharacterCodingException) {
            problem = "is not text in UTF-8: convert it, or leave it out";
        }
        if (problem != null) {
            throw new InvalidInputException(place + " " + problem, e);
        }
        return e instanceof FileSystemException ? e : new IOException(where + " cannot be read: " + message, e);
    }
}
