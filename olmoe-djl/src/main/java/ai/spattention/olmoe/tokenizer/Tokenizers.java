package ai.spattention.olmoe.tokenizer;

import ai.spattention.common.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/** Finds tokenizers. */
public final class Tokenizers {

    static final String FILE = "tokenizer.json";

    private static final String BYTES = "bytes";

    private Tokenizers() {}

    /**
     * Loads a tokenizer.
     *
     * @param where {@code bytes}, a {@code tokenizer.json}, or a folder that holds one
     * @return the tokenizer
     * @throws InvalidInputException if there is none or it cannot be used
     */
    public static Tokenizer load(String where) {
        return load(where, null);
    }

    /**
     * Loads a tokenizer.
     *
     * @param where {@code bytes}, a {@code tokenizer.json}, or a folder that holds one
     * @param eosId the id that ends a document, or null for the one that its files tell
     * @return the tokenizer
     * @throws InvalidInputException if there is none or it cannot be used, or it cannot end documents with that id
     */
    public static Tokenizer load(String where, Integer eosId) {
        return where.equals(BYTES) ? bytes(eosId) : load(Path.of(where), eosId);
    }

    /**
     * Loads a tokenizer from a file or a model folder. What the file's library cannot take is tried in another process first.
     *
     * @param path a {@code tokenizer.json} or a folder that holds one; the files beside it that tell special tokens are read,
     *     too, where the file has this name
     * @param eosId the id that ends a document, or null for the one that its files tell
     * @return the tokenizer
     * @throws InvalidInputException if there is none or it cannot be used, or it cannot end documents with that id
     */
    public static Tokenizer load(Path path, Integer eosId) {
        Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
        TokenizerJson json = TokenizerJson.read(file);
        if (json.text().equals(new ByteTokenizer().toJson())) {
            return bytes(eosId);
        }
        OptionalInt eos = eosId == null ? ownEos(json) : OptionalInt.of(eosId);
        TokenizerTrial.require(json);
        return HuggingFaceTokenizer.of(json, eos);
    }

    private static Tokenizer bytes(Integer eosId) {
        if (eosId != null && eosId != ByteTokenizer.EOS) {
            throw new InvalidInputException("the byte tokenizer ends documents with the id " + ByteTokenizer.EOS
                    + ", no other can be chosen (got " + eosId + ")");
        }
        return new ByteTokenizer();
    }

    private static OptionalInt ownEos(TokenizerJson json) {
        boolean hasFolder = json.file().endsWith(FILE);
        Path parent = json.file().getParent() == null ? Path.of("") : json.file().getParent();
        SpecialToken eos = SpecialTokenFiles.read(hasFolder ? parent : null, json).eos();
        return eos == null ? OptionalInt.empty() : OptionalInt.of(eos.id());
    }
}
