package ai.spattention.train.data;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.source.InputFile;
import ai.spattention.train.data.source.InputFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Turns files of text into a prepared folder, in bounded memory, on several threads. What is written depends on the files,
 * the tokenizer and the settings, not on the threads.
 *
 * <p>Order: the files in an order drawn by the seed; documents drawn from {@value DocumentStream#OPEN_FILES} open files; and
 * the documents of each block of about {@value #BLOCK_CHARACTERS} characters shuffled. A document that is longer than a block
 * stays where it is. Training shuffles sequences over all shards anyway.
 *
 * <p>Every few seconds what has been written is made safe and noted in the folder's {@value Preparation#WORK}. After any
 * end the same preparation goes on from there, and the shards are the same to the byte.
 */
public final class DataPreparation {

    private static final int BLOCK_CHARACTERS = 1 << 21;
    private static final Duration SAVE_INTERVAL = Duration.ofSeconds(2);

    private final PreparationSettings settings;
    private final Tokenizer tokenizer;
    private final int threads;
    private final int blockCharacters;
    private final Duration saveInterval;

    /**
     * Creates a preparation.
     *
     * @param settings what decides what is written
     * @param tokenizer what makes ids; stays the caller's
     * @param threads the threads that encode, at least 1; one more reads, and the caller's writes
     */
    public DataPreparation(PreparationSettings settings, Tokenizer tokenizer, int threads) {
        this(settings, tokenizer, threads, BLOCK_CHARACTERS, SAVE_INTERVAL);
    }

    DataPreparation(PreparationSettings settings, Tokenizer tokenizer, int threads, int blockCharacters,
            Duration saveInterval) {
        if (threads < 1) {
            throw new InvalidInputException("--threads must be at least 1 (got " + threads + ")");
        }
        this.settings = settings;
        this.tokenizer = tokenizer;
        this.threads = threads;
        this.blockCharacters = blockCharacters;
        this.saveInterval = saveInterval;
    }

    /**
     * Prepares, or goes on with a preparation that did not end.
     *
     * @param folder the folder; absent, empty, or left unfinished by the same preparation
     * @param listener told how it goes on
     * @return the opened data
     * @throws InvalidInputException if the input is bad, the folder holds something else or the disk is full; what is safe by
     *     then stays, for another start
     * @throws IOException if reading or writing fails otherwise
     */
    public PreparedData run(Path folder, PreparationListener listener) throws IOException {
        List<InputFile> files = InputFiles.find(settings.inputs());
        requireOutside(folder);
        int eosId = Preparation.requireEos(tokenizer);
        Map<String, String> arguments = arguments(files, eosId);
        Path work = folder.resolve(Preparation.WORK);
        requireUsable(folder, work, arguments);
        AtomicFolder.requireWritable(work);
        try {
            try (FolderLock lock = FolderLock.take(work.resolve("lock"), folder)) {
                requireUsable(folder, work, arguments); // another process may have ended meanwhile
                if (!Files.exists(folder.resolve(Manifest.FILE))) {
                    write(folder, work, files, eosId, arguments, listener);
                }
                Preparation.deleteWork(work);
            }
            OwnFiles.deleteIfEmpty(work);
        } catch (IOException e) {
            throw AtomicFile.explain(folder, e);
        }
        return PreparedData.open(folder);
    }

    private Map<String, String> arguments(List<InputFile> files, int eosId) {
        String names = files.stream().map(file -> file.path().toString()).collect(Collectors.joining("\n"));
        Map<String, String> arguments = new LinkedHashMap<>();
        arguments.put("--tokenizer", "SHA-256 " + tokenizer.digest());
        arguments.put("EOS id", Integer.toString(eosId));
        arguments.put("--field", settings.field());
        arguments.put("--validation-fraction", Double.toString(settings.validationFraction()));
        arguments.put("--seed", Long.toString(settings.seed()));
        arguments.put("--shard-tokens", Long.toString(settings.shardTokens()));
        arguments.put("list of input files", files.size() + " files whose names have the hash "
                + Long.toHexString(Checksums.of(names)));
        return arguments;
    }

    /** What is written must not be read as text the next time. */
    private void requireOutside(Path folder) throws IOException {
        for (String file : Preparation.FILES) {
            if (InputFiles.wouldFind(settings.inputs(), folder.resolve(file))) {
                throw new InvalidInputException("--output " + folder + " lies in the input, where its files would be read as text the"
                        + " next time: name a folder elsewhere");
            }
        }
    }

    private static void requireUsable(Path folder, Path work, Map<String, String> arguments) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is a file: --output must name a folder");
        }
        Optional<PreparationState> state = PreparationState.read(work);
        boolean finished = Files.exists(folder.resolve(Manifest.FILE));
        if (state.isPresent()) {
            if (finished || !state.get().isEmpty()) { // else nothing would be lost
                state.get().requireArguments(folder, arguments);
            }
        } else if (finished) {
            throw new InvalidInputException(folder + " holds prepared data already: choose another folder, or delete it");
        } else {
            try (var entries = Files.list(folder)) {
                if (entries.anyMatch(entry -> !entry.equals(work))) {
                    throw new InvalidInputException("the output folder " + folder
                            + " exists and is not empty: choose another, or delete it");
                }
            }
        }
    }

    private void write(Path folder, Path work, List<InputFile> files, int eosId, Map<String, String> arguments,
            PreparationListener listener) throws IOException {
        PreparationState from = PreparationState.read(work).filter(found -> !found.isEmpty())
                .orElse(PreparationState.begin(arguments));
        from.write(work);
        long total = 0;
        for (InputFile file : files) {
            total += file.size();
        }
        try (DocumentStream stream = new DocumentStream(files, settings.field(), tokenizer, settings.seed(),
                        settings.validationFraction(), from.position());
                PreparationWriter writer = new PreparationWriter(folder, work, TokenWidth.of(tokenizer.vocabSize()), eosId,
                        settings.shardTokens(), from)) {
            listener.begin(stream.bytesRead(), total, from.train().totalTokens() + from.validation().totalTokens());
            copy(stream, writer, listener);
            List<Manifest.Shard> train = writer.shards(Split.TRAIN);
            List<Manifest.Shard> validation = writer.shards(Split.VALIDATION);
            if (train.isEmpty()) {
                refuseNothing(folder, work, validation, writer.emptyDocuments());
            }
            Preparation.complete(folder, tokenizer, eosId, train, validation, settingsForPeople(writer));
        }
    }

    /** Encodes and writes all documents. */
    private void copy(DocumentStream stream, PreparationWriter writer, PreparationListener listener) throws IOException {
        long textBefore = writer.textBytes();
        long saved = System.nanoTime();
        try (BlockEncoder encoder = new BlockEncoder(tokenizer, threads);
                BlockPipeline pipeline = new BlockPipeline(new BlockReader(stream, settings.seed(), blockCharacters), encoder,
                        2 + threads / 4)) {
            for (Optional<BlockEncoder.Encoding> block = next(pipeline, writer); block.isPresent();
                    block = next(pipeline, writer)) {
                writer.add(block.get());
                if (System.nanoTime() - saved >= saveInterval.toNanos()) {
                    writer.save();
                    saved = System.nanoTime();
                }
                listener.progress(block.get().block().bytesRead(), writer.textBytes() - textBefore);
            }
        }
    }

    private static Optional<BlockEncoder.Encoding> next(BlockPipeline pipeline, PreparationWriter writer) throws IOException {
        try {
            return pipeline.next();
        } catch (InvalidInputException e) { // what came before the bad input is worth keeping
            writer.save();
            throw e;
        }
    }

    /** Leaves nothing behind, for there is nothing to go on with. */
    private static void refuseNothing(Path folder, Path work, List<Manifest.Shard> validation, long emptyDocuments)
            throws IOException {
        for (Split split : Split.values()) {
            OwnFiles.delete(folder.resolve(split.folder()), ShardWriter::isOwn);
        }
        Preparation.deleteWork(work);
        long heldOut = validation.stream().mapToLong(Manifest.Shard::documents).sum();
        throw new InvalidInputException("there is no text to learn from: " + (heldOut == 0
                ? "the input holds " + emptyDocuments + " documents, all of them empty"
                : "all " + heldOut + " documents are held out for validation; lower --validation-fraction"));
    }

    private Map<String, String> settingsForPeople(PreparationWriter writer) {
        return new TreeMap<>(Map.of("inputs", String.join(" ", settings.inputs()), "field", settings.field(),
                "validation_fraction", Double.toString(settings.validationFraction()),
                "seed", Long.toString(settings.seed()), "shard_tokens", Long.toString(settings.shardTokens()),
                "empty_documents", Long.toString(writer.emptyDocuments()), "text_bytes", Long.toString(writer.textBytes())));
    }
}
