package ai.spattention.olmoe.tokenizer;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.TextFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds tokenizers. */
public final class Tokenizers {

    private static final long LARGEST = 512L << 20;

    private Tokenizers() {}

    /**
     * Loads a tokenizer.
     *
     * @param where {@code bytes}, a {@code tokenizer.json}, or a folder that holds one
     * @return the tokenizer
     * @throws InvalidInputException if there is none or it cannot be used
     */
    public static Tokenizer load(String where) {
        return where.equals("bytes") ? new ByteTokenizer() : load(Path.of(where), null);
    }

    /**
     * Loads a tokenizer from a file or a model folder.
     *
     * @param path a {@code tokenizer.json} or a folder that holds one
     * @param eosId the id that ends a document if known otherwise, or null
     * @return the tokenizer
     * @throws InvalidInputException if there is none or it cannot be used
     */
    public static Tokenizer load(Path path, Integer eosId) {
        Path file = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        RegularFile.requireIfThere(file);
        String json;
        try {
            if (Files.size(file) > LARGEST) {
                throw new InvalidInputException(file + " is too large for a tokenizer: " + Files.size(file) + " bytes");
            }
            json = TextFile.withoutMark(Files.readString(file));
        } catch (IOException e) {
            throw new InvalidInputException("cannot read the tokenizer " + file
                    + ": it must be a tokenizer.json in UTF-8, or 'bytes'", e);
        }
        ByteTokenizer bytes = new ByteTokenizer();
        return json.equals(bytes.toJson()) ? bytes : HuggingFaceTokenizer.of(file, json, eosId);
    }
}
