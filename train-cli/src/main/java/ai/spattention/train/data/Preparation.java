package ai.spattention.train.data;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.safetensors.AtomicFile;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/** Turns documents into a prepared folder. */
public final class Preparation {

    /** 512 MiB of uint16. */
    private static final long TOKENS_PER_SHARD = 1L << 28;

    private Preparation() {}

    /**
     * Encodes documents in their order and writes a prepared folder; the manifest comes last, so that a folder without one is
     * unfinished.
     *
     * @param documents the documents; empty ones are left out
     * @param tokenizer what makes ids; it needs an EOS id
     * @param heldOut which documents belong to the validation split
     * @param settings what the data is made from, for people
     * @param folder the folder
     * @param progress told of the characters encoded so far
     * @return the opened data
     * @throws InvalidInputException if there is nothing to learn from, the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public static PreparedData run(Iterator<Document> documents, Tokenizer tokenizer, Predicate<Document> heldOut,
            Map<String, String> settings, Path folder, LongConsumer progress) throws IOException {
        int eosId = tokenizer.eosId().orElseThrow(() -> new InvalidInputException(
                "tokenizer " + tokenizer.name() + " has no token that ends a document"));
        TokenWidth width = TokenWidth.of(tokenizer.vocabSize());
        Files.deleteIfExists(folder.resolve(Manifest.FILE));
        Manifest manifest;
        try (ShardWriter train = new ShardWriter(folder, Split.TRAIN, width, eosId, TOKENS_PER_SHARD);
                ShardWriter validation = new ShardWriter(folder, Split.VALIDATION, width, eosId, TOKENS_PER_SHARD)) {
            long characters = 0;
            while (documents.hasNext()) {
                Document document = documents.next();
                if (!document.text().isBlank()) {
                    (heldOut.test(document) ? validation : train).add(tokenizer.encodeOrdinary(document.text()));
                }
                characters += document.text().length();
                progress.accept(characters);
            }
            manifest = new Manifest(Manifest.VERSION,
                    new Manifest.TokenizerInfo(tokenizer.name(), tokenizer.digest(), tokenizer.vocabSize(), eosId), width,
                    new TreeMap<>(Map.of(Split.TRAIN.folder(), train.shards(), Split.VALIDATION.folder(), validation.shards())),
                    new TreeMap<>(settings));
        } catch (IOException e) {
            throw AtomicFile.explain(folder, e);
        }
        if (manifest.tokens(Split.TRAIN) == 0) {
            throw new InvalidInputException("there is no text to learn from: every document is empty or held out");
        }
        AtomicFile.write(folder.resolve("tokenizer.json"), tokenizer.toJson());
        AtomicFile.write(folder.resolve(Manifest.FILE), manifest.toJson());
        return PreparedData.open(folder);
    }
}
