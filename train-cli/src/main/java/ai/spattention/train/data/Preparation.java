package ai.spattention.train.data;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.data.source.InputFile;
import ai.spattention.train.data.source.InputFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Turns files of text into a prepared folder, in bounded memory, on several threads. What is written depends on the files,
 * the tokenizer and the settings, not on the threads.
 *
 * <p>Order: the files in an order drawn by the seed; documents drawn from {@value DocumentStream#OPEN_FILES} open files; and
 * the documents of each block of about {@value #BLOCK_CHARACTERS} characters shuffled. A document that is longer than a block
 * stays where it is. Training shuffles sequences over all shards anyway.
 *
 * <p>Every few seconds what has been written is made safe and noted in the folder's {@value #WORK}. After any
 * end the same preparation goes on from there, and the shards are the same to the byte.
 */
public final class Preparation {

    /** The folder for what is needed only until the manifest is written. */
    static final String WORK = ".unfinished";

    /** One of each kind of file in a prepared folder. */
    private static final List<String> FILES = List.of(Manifest.FILE, "tokenizer.json", "train/part-00000.npy", "train/part-00000.csv.gz");

    private static final int BLOCK_CHARACTERS = 1 << 21;
    private static final Duration SAVE_INTERVAL = Duration.ofSeconds(2);

    /**
     * Documents that go to one split.
     *
     * @param files the files that hold them
     * @param split the split
     * @param validationFraction the fraction of them that goes to validation instead
     */
    private record Source(List<InputFile> files, Split split, double validationFraction) {

        long bytes() throws IOException {
            long bytes = 0;
            for (InputFile file : files) {
                bytes += file.size();
            }
            return bytes;
        }
    }

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
    public Preparation(PreparationSettings settings, Tokenizer tokenizer, int threads) {
        this(settings, tokenizer, threads, BLOCK_CHARACTERS, SAVE_INTERVAL);
    }

    Preparation(PreparationSettings settings, Tokenizer tokenizer, int threads, int blockCharacters,
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
        List<Source> sources = sources();
        requireOutside(folder);
        int eosId = requireEos();
        Map<String, String> arguments = arguments(sources, eosId);
        Path work = folder.resolve(WORK);
        requireUsable(folder, work, arguments);
        AtomicFolder.requireWritable(work);
        try {
            try (FolderLock lock = FolderLock.take(work.resolve("lock"), folder)) {
                requireUsable(folder, work, arguments); // another process may have ended meanwhile
                if (!Files.exists(folder.resolve(Manifest.FILE))) {
                    write(folder, work, sources, eosId, arguments, listener);
                }
                deleteWork(work);
            }
            OwnFiles.deleteIfEmpty(work);
        } catch (IOException e) {
            throw AtomicFile.explain(folder, e);
        }
        return PreparedData.open(folder);
    }

    /** The held-out sets, so that what is wrong with them is seen early, then what is learnt from. */
    private List<Source> sources() throws IOException {
        List<Source> sources = new ArrayList<>();
        Map<Path, String> heldOut = new HashMap<>();
        for (Map.Entry<String, List<String>> set : settings.heldOut().entrySet()) {
            List<InputFile> files = InputFiles.find(set.getValue());
            for (InputFile file : files) {
                String other = heldOut.putIfAbsent(file.path().toRealPath(), set.getKey());
                if (other != null) {
                    throw new InvalidInputException(file.path() + " is in two held-out sets, " + other + " and " + set.getKey()
                            + ": name it once");
                }
            }
            sources.add(new Source(files, Split.heldOut(set.getKey()), 0));
        }
        List<InputFile> files = InputFiles.find(settings.inputs());
        for (InputFile file : files) {
            String set = heldOut.get(file.path().toRealPath());
            if (set != null) {
                throw new InvalidInputException(file.path() + " is held out as '" + set + "' and is in the input, too: what measures a"
                        + " model must not be learnt from; name inputs without it");
            }
        }
        sources.add(new Source(files, Split.TRAIN, settings.validationFraction()));
        if (!settings.separator().equals(DocumentSeparator.NONE)
                && sources.stream().flatMap(source -> source.files().stream()).noneMatch(InputFile::isPlainText)) {
            throw new InvalidInputException("--document-separator is for plain text, and no input is plain text by its name: leave it out");
        }
        return sources;
    }

    private Map<String, String> arguments(List<Source> sources, int eosId) {
        Map<String, String> arguments = new LinkedHashMap<>();
        arguments.put("--tokenizer", "SHA-256 " + tokenizer.digest());
        arguments.put("EOS id", Integer.toString(eosId));
        arguments.put("--field", settings.field());
        arguments.put("--document-separator", settings.separator().toString());
        arguments.put("--validation-fraction", Double.toString(settings.validationFraction()));
        arguments.put("--seed", Long.toString(settings.seed()));
        arguments.put("--shard-tokens", Long.toString(settings.shardTokens()));
        for (Source source : sources) {
            String names = source.files().stream().map(file -> file.path().toString()).collect(Collectors.joining("\n"));
            arguments.put(source.split().equals(Split.TRAIN) ? "list of input files" : "held-out set '" + source.split().name() + "'",
                    source.files().size() + " files whose names have the hash " + Long.toHexString(Checksums.of(names)));
        }
        arguments.put("list of held-out sets", settings.heldOut().keySet().toString());
        return arguments;
    }

    /** What is written must not be read as text the next time. */
    private void requireOutside(Path folder) throws IOException {
        List<String> inputs = Stream.concat(settings.inputs().stream(), settings.heldOut().values().stream().flatMap(List::stream))
                .toList();
        for (String file : FILES) {
            if (InputFiles.wouldFind(inputs, folder.resolve(file))) {
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

    private void write(Path folder, Path work, List<Source> sources, int eosId, Map<String, String> arguments,
            PreparationListener listener) throws IOException {
        PreparationState from = PreparationState.read(work).filter(found -> !found.isEmpty())
                .orElse(PreparationState.begin(arguments));
        from.write(work);
        List<Split> splits = Stream.concat(Stream.of(Split.TRAIN, Split.VALIDATION), sources.stream().map(Source::split))
                .distinct().sorted().toList();
        long total = 0;
        long before = 0; // bytes of the sources that have been read
        for (int i = 0; i < sources.size(); i++) {
            total += sources.get(i).bytes();
            before += i < from.source() ? sources.get(i).bytes() : 0;
        }
        try (PreparationWriter writer = new PreparationWriter(folder, work, splits, TokenWidth.of(tokenizer.vocabSize()), eosId,
                settings.shardTokens(), from)) {
            for (int i = from.source(); i < sources.size(); i++) {
                Source source = sources.get(i);
                boolean goesOn = i == from.source();
                if (!goesOn) {
                    writer.begin(i);
                }
                try (DocumentStream stream = open(source, goesOn ? from.position() : DocumentStream.Position.START)) {
                    if (goesOn) {
                        listener.begin(before + stream.bytesRead(), total, from.totalTokens());
                    }
                    copy(stream, writer, before, from, listener);
                }
                before += source.bytes();
                if (!source.split().equals(Split.TRAIN) && writer.textBytes().get(source.split()) == 0) {
                    refuse(folder, work, splits, "the held-out set '" + source.split().name() + "' holds no text: all of its documents"
                            + " are empty; name other files for it");
                }
            }
            Map<Split, List<Manifest.Shard>> shards = writer.shards();
            if (shards.get(Split.TRAIN).isEmpty()) {
                long heldOut = shards.get(Split.VALIDATION).stream().mapToLong(Manifest.Shard::documents).sum();
                refuse(folder, work, splits, "there is no text to learn from: " + (settings.validationFraction() == 0 || heldOut == 0
                        ? "the input holds " + writer.emptyDocuments() + " documents, all of them empty"
                        : "all " + heldOut + " documents are held out for validation; lower --validation-fraction"));
            }
            complete(folder, eosId, shards, settingsForPeople(writer));
        }
    }

    /** Encodes and writes all documents. */
    private void copy(DocumentStream stream, PreparationWriter writer, long bytesBefore, PreparationState from,
            PreparationListener listener) throws IOException {
        long textBefore = from.textBytes().values().stream().mapToLong(Long::longValue).sum();
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
                listener.progress(bytesBefore + block.get().block().bytesRead(), writer.allTextBytes() - textBefore);
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

    private int requireEos() {
        return tokenizer.eosId().orElseThrow(() -> new InvalidInputException(
                "tokenizer " + tokenizer.name() + " has no token that ends a document: name its id with --eos-id"));
    }

    /** Writes what makes a folder of shards a prepared folder; the manifest comes last, so that a folder without one is unfinished. */
    private void complete(Path folder, int eosId, Map<Split, List<Manifest.Shard>> shards, Map<String, String> people) throws IOException {
        Map<String, List<Manifest.Shard>> splits = new TreeMap<>();
        shards.forEach((split, own) -> splits.put(split.folder(), own));
        Manifest manifest = new Manifest(Manifest.VERSION,
                new Manifest.TokenizerInfo(tokenizer.name(), tokenizer.digest(), tokenizer.vocabSize(), eosId),
                TokenWidth.of(tokenizer.vocabSize()), splits, people);
        AtomicFile.write(folder.resolve("tokenizer.json"), tokenizer.toJson());
        AtomicFile.write(folder.resolve(Manifest.FILE), manifest.toJson());
    }

    /** Deletes what was needed for going on. */
    private static void deleteWork(Path work) throws IOException {
        OwnFiles.delete(work, name -> name.equals(PreparationState.FILE) || ShardWriter.isOwn(name));
    }

    /** Leaves nothing behind, for there is nothing to go on with. */
    private static void refuse(Path folder, Path work, List<Split> splits, String message) throws IOException {
        for (Split split : splits) {
            OwnFiles.delete(folder.resolve(split.folder()), ShardWriter::isOwn);
        }
        deleteWork(work);
        throw new InvalidInputException(message);
    }

    private Map<String, String> settingsForPeople(PreparationWriter writer) {
        Map<String, String> people = new TreeMap<>(Map.of("inputs", String.join(" ", settings.inputs()), "field", settings.field(),
                "document_separator", settings.separator().toString(),
                "validation_fraction", Double.toString(settings.validationFraction()),
                "seed", Long.toString(settings.seed()), "shard_tokens", Long.toString(settings.shardTokens()),
                "empty_documents", Long.toString(writer.emptyDocuments()), "text_bytes", Long.toString(writer.allTextBytes())));
        people.putAll(Manifest.textBytes(writer.textBytes()));
        settings.heldOut().forEach((name, inputs) -> people.put("inputs_" + Split.heldOut(name).folder(), String.join(" ", inputs)));
        return people;
    }

    private DocumentStream open(Source source, DocumentStream.Position from) throws IOException {
        return new DocumentStream(source.files(), settings.field(), settings.separator(), tokenizer, settings.seed(), source.split(),
                source.validationFraction(), from);
    }
}
