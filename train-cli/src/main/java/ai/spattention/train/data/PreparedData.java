package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A prepared folder, its manifest checked against its files. */
public final class PreparedData {

    private final Path folder;
    private final Manifest manifest;

    private PreparedData(Path folder, Manifest manifest) {
        this.folder = folder;
        this.manifest = manifest;
    }

    /**
     * Opens a folder. Sizes are checked here, ids when they are read.
     *
     * @param folder the folder
     * @return the data
     * @throws InvalidInputException if it is not a prepared folder, or files are missing or of another size than the manifest
     *     says
     * @throws IOException if reading fails
     */
    public static PreparedData open(Path folder) throws IOException {
        Manifest manifest = Manifest.read(folder);
        for (Split split : manifest.all()) {
            for (Manifest.Shard shard : manifest.shards(split)) {
                Path file = folder.resolve(shard.file());
                if (!Files.isRegularFile(file)) {
                    throw new InvalidInputException(folder.resolve(Manifest.FILE) + " lists " + shard.file()
                            + ", which is not there");
                }
                RegularFile.requireIfThere(file); // git may have left a stand-in
                long bytes = Files.size(file);
                int width = manifest.dtype().bytes();
                if (bytes % width != 0 || bytes / width != shard.tokens()) { // a product of hostile numbers could overflow
                    throw new InvalidInputException(file + " has " + bytes + " bytes, the manifest says " + shard.tokens()
                            + " tokens of " + width + " bytes: prepare the data again");
                }
            }
        }
        return new PreparedData(folder, manifest);
    }

    /**
     * The folder.
     *
     * @return its path
     */
    public Path folder() {
        return folder;
    }

    /**
     * What the folder holds.
     *
     * @return the manifest
     */
    public Manifest manifest() {
        return manifest;
    }

    /**
     * The tokenizer that made the data.
     *
     * @return the tokenizer, to be closed by the caller
     * @throws InvalidInputException if the folder's tokenizer.json is not the one that made the data
     */
    public Tokenizer tokenizer() {
        Tokenizer tokenizer = Tokenizers.load(folder, manifest.tokenizer().eosId());
        if (!tokenizer.digest().equals(manifest.tokenizer().digest())) {
            tokenizer.close();
            throw new InvalidInputException(folder.resolve("tokenizer.json")
                    + " is not the tokenizer that made the data: its digest differs from the manifest's");
        }
        if (tokenizer.vocabSize() != manifest.tokenizer().vocabSize()) {
            int size = tokenizer.vocabSize();
            tokenizer.close();
            throw new InvalidInputException(folder.resolve(Manifest.FILE) + " is damaged: it says that the tokenizer has "
                    + manifest.tokenizer().vocabSize() + " ids, but it has " + size);
        }
        return tokenizer;
    }

    /**
     * The sequences of a split.
     *
     * @param split the split
     * @param length N, the number of input tokens of a sequence
     * @return the sequences, to be closed by the caller
     * @throws InvalidInputException if the split is shorter than one sequence and the token after it
     * @throws IOException if a shard cannot be opened
     */
    public TokenSequences sequences(Split split, int length) throws IOException {
        return TokenSequences.open(this, split, length);
    }
}
