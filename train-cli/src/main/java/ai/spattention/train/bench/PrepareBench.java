package ai.spattention.train.bench;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.Preparation;
import ai.spattention.train.data.PreparationListener;
import ai.spattention.train.data.PreparationSettings;
import ai.spattention.train.data.source.InputFile;
import ai.spattention.train.data.source.InputFiles;
import ai.spattention.train.data.source.PartReader;
import ai.spattention.train.data.source.TextPart;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Times the preparation of data, from files to a prepared folder, against the tokenizer alone, which encodes the same texts
 * from memory on the same number of threads. Both are measured in turn, so that a busy machine slows both.
 */
public final class PrepareBench {

    private static final long MOST_BYTES = 256 << 20;

    private final PreparationSettings settings;
    private final Tokenizer tokenizer;
    private final int threads;
    private final int repetitions;
    private final Consumer<String> progress;

    /**
     * Speeds in megabytes (1e6 bytes) of text in UTF-8 a second.
     *
     * @param tokenizer the tokenizer's alone
     * @param prepare the preparation's
     */
    public record Round(double tokenizer, double prepare) {

        /**
         * The preparation's speed as a fraction of the tokenizer's.
         *
         * @return 1 if nothing is lost
         */
        public double ratio() {
            return prepare / tokenizer;
        }
    }

    /**
     * The measurements.
     *
     * @param textBytes bytes of the texts in UTF-8
     * @param rounds in the order in which they were taken
     */
    public record Result(long textBytes, List<Round> rounds) {

        /**
         * The round whose ratio is in the middle.
         *
         * @return the median round
         */
        public Round median() {
            return rounds.stream().sorted(Comparator.comparingDouble(Round::ratio)).toList().get(rounds.size() / 2);
        }
    }

    /**
     * Creates a benchmark.
     *
     * @param settings the inputs and what is done with them
     * @param tokenizer the tokenizer; stays the caller's
     * @param threads the threads that encode
     * @param repetitions rounds after one that warms up
     * @param progress told what is measured
     */
    public PrepareBench(PreparationSettings settings, Tokenizer tokenizer, int threads, int repetitions,
            Consumer<String> progress) {
        this.settings = settings;
        this.tokenizer = tokenizer;
        this.threads = threads;
        this.repetitions = repetitions;
        this.progress = progress;
    }

    /**
     * Measures.
     *
     * @return the measurements
     * @throws InvalidInputException if the input is bad, or too large to be held in memory
     * @throws IOException if reading or writing fails
     */
    public Result run() throws IOException {
        List<String> texts = readTexts();
        long bytes = 0;
        for (String text : texts) {
            bytes += text.getBytes(StandardCharsets.UTF_8).length;
        }
        List<Round> rounds = new ArrayList<>();
        for (int i = 0; i <= repetitions; i++) {
            progress.accept(i == 0 ? "warming up ..." : "round " + i + " of " + repetitions + " ...");
            Round round = new Round(speed(bytes, () -> encodeAll(texts)), speed(bytes, this::prepare));
            if (i > 0) {
                rounds.add(round);
            }
        }
        return new Result(bytes, List.copyOf(rounds));
    }

    private List<String> readTexts() throws IOException {
        List<String> texts = new ArrayList<>();
        long size = 0;
        for (InputFile file : InputFiles.find(settings.inputs())) {
            try (PartReader reader = file.open(settings.field(), settings.separator(), tokenizer)) {
                for (Optional<TextPart> part = reader.next(); part.isPresent(); part = reader.next()) {
                    texts.add(part.get().text());
                    size += part.get().text().length();
                    if (size > MOST_BYTES) {
                        throw new InvalidInputException("the input is too large to be held in memory: choose at most "
                                + (MOST_BYTES >> 20) + " MiB of text");
                    }
                }
            }
        }
        return texts;
    }

    private static double speed(long bytes, Callable<?> work) throws IOException {
        long start = System.nanoTime();
        try {
            work.call();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
        return bytes * 1e3 / (System.nanoTime() - start);
    }

    private Void encodeAll(List<String> texts) throws IOException {
        AtomicInteger next = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                workers.add(pool.submit(() -> {
                    for (int text = next.getAndIncrement(); text < texts.size(); text = next.getAndIncrement()) {
                        tokenizer.encodeOrdinary(texts.get(text));
                    }
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private Void prepare() throws IOException {
        Path folder = Files.createTempDirectory("bench-prepare");
        try {
            new Preparation(settings, tokenizer, threads).run(folder, PreparationListener.NONE);
            return null;
        } finally {
            OwnFiles.deleteTree(folder);
        }
    }
}
