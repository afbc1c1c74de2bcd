package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/** Turns documents into a prepared folder. */
public final class Preparation {

    /** 512 MiB of uint16. */
    private static final long TOKENS_PER_SHARD = 1L << 28;

    /** The folder for what is needed only until the manifest is written. */
    static final String WORK = ".unfinished";

    /** One of each kind of file in a prepared folder. */
    static final List<String> FILES = List.of(Manifest.FILE, "tokenizer.json", "train/part-00000.npy", "train/part-00000.csv.gz");

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
        int eosId = requireEos(tokenizer);
        TokenWidth width = TokenWidth.of(tokenizer.vocabSize());
        Path work = folder.resolve(WORK);
        Files.deleteIfExists(folder.resolve(Manifest.FILE));
        try (ShardWriter train = new ShardWriter(folder, work, Split.TRAIN, width, eosId, TOKENS_PER_SHARD,
                        ShardWriter.Progress.NONE);
                ShardWriter validation = new ShardWriter(folder, work, Split.VALIDATION, width, eosId, TOKENS_PER_SHARD,
                        ShardWriter.Progress.NONE)) {
            long characters = 0;
            Map<Split, Long> bytes = new TreeMap<>(Map.of(Split.TRAIN, 0L, Split.VALIDATION, 0L));
            while (documents.hasNext()) {
                Document document = documents.next();
                if (!document.text().isBlank()) {
                    Origin origin = new Origin(document.source(), document.source(), 1);
                    boolean isHeldOut = heldOut.test(document);
                    (isHeldOut ? validation : train).add(origin, tokenizer.encodeOrdinary(document.text()));
                    bytes.merge(isHeldOut ? Split.VALIDATION : Split.TRAIN, BlockEncoder.utf8Length(document.text()), Long::sum);
                }
                characters += document.text().length();
                progress.accept(characters);
            }
            List<Manifest.Shard> trainShards = train.shards();
            if (trainShards.isEmpty()) {
                throw new InvalidInputException("there is no text to learn from: every document is empty or held out");
            }
            Map<String, String> all = new TreeMap<>(settings);
            all.putAll(Manifest.textBytes(bytes));
            complete(folder, tokenizer, eosId, Map.of(Split.TRAIN, trainShards, Split.VALIDATION, validation.shards()), all);
        } catch (IOException e) {
            throw AtomicFile.explain(folder, e);
        }
        deleteWork(work);
        return PreparedData.open(folder);
    }

    static int requireEos(Tokenizer tokenizer) {
        return tokenizer.eosId().orElseThrow(() -> new InvalidInputException(
                "tokenizer " + tokenizer.name() + " has no token that ends a document: name its id with --eos-id"));
    }

    /** Writes what makes a folder of shards a prepared folder. */
    static void complete(Path folder, Tokenizer tokenizer, int eosId, Map<Split, List<Manifest.Shard>> shards,
            Map<String, String> settings) throws IOException {
        Map<String, List<Manifest.Shard>> splits = new TreeMap<>();
        shards.forEach((split, own) -> splits.put(split.folder(), own));
        Manifest manifest = new Manifest(Manifest.VERSION,
                new Manifest.TokenizerInfo(tokenizer.name(), tokenizer.digest(), tokenizer.vocabSize(), eosId),
                TokenWidth.of(tokenizer.vocabSize()),
                splits,
                new TreeMap<>(settings));
        AtomicFile.write(folder.resolve("tokenizer.json"), tokenizer.toJson());
        AtomicFile.write(folder.resolve(Manifest.FILE), manifest.toJson());
    }

    /** Deletes what was needed for going on. */
    static void deleteWork(Path work) throws IOException {
        OwnFiles.delete(work, name -> name.equals(PreparationState.FILE) || ShardWriter.isOwn(name));
    }
}
