package ai.spattention.train.data.source;

import ai.spattention.InvalidInputException;
import com.github.luben.zstd.ZstdIOException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.zip.ZipException;

/** Tells failures that lie in a file, which a person can mend, from others. */
final class ReadFailures {

    private ReadFailures() {}

    /**
     * Explains a failure to read.
     *
     * @param where the file, and the place in it if that is known
     * @return the failure, if the file is not to blame
     * @throws InvalidInputException if it is
     */
    static IOException explain(Object where, IOException e) {
        String message = e.getMessage() == null ? "" : e.getMessage().lines().findFirst().orElse("");
        String problem = null;
        if (e instanceof NoSuchFileException) {
            problem = "is not there any more: put it back and start again";
        } else if (e instanceof AccessDeniedException) {
            problem = "cannot be read: you have no permission";
        } else if (e instanceof EOFException
                || e instanceof ZstdIOException && message.toLowerCase(Locale.ROOT).contains("truncated")) {
            problem = "is truncated: its compressed data end too early; get the whole file again";
        } else if (e instanceof ZipException || e instanceof ZstdIOException) {
            problem = "is damaged: its compressed data cannot be read (" + message + ")";
        } else if (e instanceof CharacterCodingException) {
            problem = "is not text in UTF-8: convert it, or leave it out";
        }
        if (problem != null) {
            throw new InvalidInputException(where + " " + problem, e);
        }
        return e;
    }
}
