package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.source.InputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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

    /** What the list of the files to learn from is called among the arguments. */
    static final String INPUT_LIST = "list of input files";

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
        PreparationInputs inputs = PreparationInputs.find(settings);
        PreparationInputs.requireOutside(settings, folder);
        return new PreparationFolder(folder, arguments(inputs)).fill((work, from) -> {
            Manifest manifest = write(inputs, folder, work, from, listener);
            if (manifest.tokens(Split.TRAIN) == 0) {
                throw refused(folder, work, manifest.all(), manifest.nothingToLearnFrom());
            }
            PreparationFolder.complete(folder, tokenizer.toJson(), manifest);
        });
    }

    /**
     * Prepares a part of a whole, in which there may be nothing to learn from, as {@link #run(Path, PreparationListener)} does.
     *
     * @param inputs the part's files
     * @param folder the part's folder
     * @param listener told how it goes on
     * @return the opened data
     * @throws InvalidInputException as {@link #run(Path, PreparationListener)}
     * @throws IOException if reading or writing fails otherwise
     */
    public PreparedData runUnit(PreparationInputs inputs, Path folder, PreparationListener listener) throws IOException {
        return new PreparationFolder(folder, arguments(inputs)).fill((work, from) ->
                PreparationFolder.complete(folder, tokenizer.toJson(), write(inputs, folder, work, from, listener)));
    }

    /** The held-out sets, so that what is wrong with them is seen early, then what is learnt from. */
    private List<Source> sources(PreparationInputs inputs) {
        List<Source> sources = new ArrayList<>();
        inputs.heldOut().forEach((name, files) -> sources.add(new Source(files, Split.heldOut(name), 0)));
        sources.add(new Source(inputs.files(), Split.TRAIN, settings.validationFraction()));
        return sources;
    }

    /** What must be the same for going on, by names for people. */
    Map<String, String> arguments(PreparationInputs inputs) {
        int eosId = requireEos();
        List<Source> sources = sources(inputs);
        Map<String, String> arguments = new LinkedHashMap<>();
        arguments.put("--tokenizer", "SHA-256 " + tokenizer.digest());
        arguments.put("EOS id", Integer.toString(eosId));
        arguments.put("--field", settings.field());
        arguments.put("--document-separator", settings.separator().toString());
        arguments.put("--validation-fraction", Double.toString(settings.validationFraction()));
        arguments.put("--seed", Long.toString(settings.seed()));
        arguments.put("--shard-tokens", Long.toString(settings.shardTokens()));
        for (Source source : sources) {
            String names = source.files().stream().map(InputFile::name).collect(Collectors.joining("\n"));
            arguments.put(source.split().equals(Split.TRAIN) ? INPUT_LIST : "held-out set '" + source.split().name() + "'",
                    source.files().size() + " files whose names have the hash " + Long.toHexString(Sha256.prefix(names)));
        }
        arguments.put("list of held-out sets", inputs.heldOut().keySet().toString());
        return arguments;
    }

    private Manifest write(PreparationInputs inputs, Path folder, Path work, PreparationState from, PreparationListener listener)
            throws IOException {
        int eosId = requireEos();
        List<Source> sources = sources(inputs);
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
                    throw refused(folder, work, splits, new InvalidInputException("the held-out set '" + source.split().name()
                            + "' holds no text: all of its documents are empty; name other files for it"));
                }
            }
            Map<String, List<Manifest.Shard>> shards = new TreeMap<>();
            writer.shards().forEach((split, own) -> shards.put(split.folder(), own));
            return new Manifest(Manifest.VERSION,
                    new Manifest.TokenizerInfo(tokenizer.name(), tokenizer.digest(), tokenizer.vocabSize(), eosId),
                    TokenWidth.of(tokenizer.vocabSize()), shards, settingsForPeople(writer));
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

    /** Leaves nothing behind, for there is nothing to go on with. */
    private static InvalidInputException refused(Path folder, Path work, List<Split> splits, InvalidInputException reason)
            throws IOException {
        for (Split split : splits) {
            OwnFiles.delete(folder.resolve(split.folder()), ShardWriter::isOwn);
        }
        PreparationFolder.deleteWork(work);
        return reason;
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
