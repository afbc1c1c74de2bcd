package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.Failures;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.source.InputFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Prepares much text in units ({@link UnitCut}), several at a time, each by a {@link Preparation} into a folder of its own, and then puts
 * their shards into one. What is one unit is prepared as a whole. The number of workers changes nothing of what is written.
 *
 * <p>After any end the same preparation goes on: complete units are read and compared with their digests, and damaged ones prepared anew.
 */
public final class UnitedPreparation {

    private final PreparationSettings settings;
    private final Tokenizer tokenizer;
    private final Preparation whole;
    private final Preparation unit;
    private final int workers;
    private final long unitBytes;

    /**
     * Creates a preparation.
     *
     * @param settings what decides what is written, besides {@code unitBytes}
     * @param tokenizer what makes ids; stays the caller's
     * @param threads the threads that encode, at least 1, shared by the workers, of which each has at least one
     * @param workers the units that are prepared at a time, at least 1
     * @param unitBytes the most bytes of a unit's files, at least 1
     */
    public UnitedPreparation(PreparationSettings settings, Tokenizer tokenizer, int threads, int workers, long unitBytes) {
        this(settings, tokenizer, new Preparation(settings, tokenizer, threads),
                new Preparation(settings, tokenizer, Math.max(1, threads / Math.max(1, workers))), workers, unitBytes);
    }

    UnitedPreparation(PreparationSettings settings, Tokenizer tokenizer, Preparation whole, Preparation unit, int workers, long unitBytes) {
        if (workers < 1) {
            throw new InvalidInputException("--workers must be at least 1 (got " + workers + ")");
        }
        this.settings = settings;
        this.tokenizer = tokenizer;
        this.whole = whole;
        this.unit = unit;
        this.workers = workers;
        this.unitBytes = unitBytes;
    }

    /**
     * Prepares, or goes on with a preparation that did not end.
     *
     * @param folder the folder; absent, empty, or left unfinished by the same preparation
     * @param listener told how all units together go on
     * @return the opened data
     * @throws InvalidInputException as {@link Preparation#run(Path, PreparationListener)}
     * @throws IOException if reading or writing fails otherwise
     */
    public PreparedData run(Path folder, PreparationListener listener) throws IOException {
        PreparationInputs inputs = PreparationInputs.find(settings);
        List<PreparationInputs> units = inputs.units(settings.seed(), unitBytes);
        if (units.size() == 1) {
            return whole.run(folder, listener);
        }
        PreparationInputs.requireOutside(settings, folder);
        Map<String, String> arguments = whole.arguments(inputs);
        arguments.computeIfPresent(Preparation.INPUT_LIST, (key, list) -> list + ", in " + units.size() + " units of at most " + unitBytes
                + " bytes");
        return new PreparationFolder(folder, arguments).fill((work, from) -> {
            if (!Files.exists(work.resolve(PreparationFolder.JOINING))) {
                prepareAll(units, work, listener);
            }
            join(units.size(), folder, work);
        });
    }

    private void prepareAll(List<PreparationInputs> units, Path work, PreparationListener listener) throws IOException {
        List<Integer> open = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        long bytesDone = 0;
        long bytesTotal = 0;
        long tokensDone = 0;
        for (int number = 0; number < units.size(); number++) {
            digests.add(digest(units.get(number)));
            UnitFolder own = UnitFolder.of(work, number);
            Optional<Manifest> complete = own.complete(digests.get(number));
            long bytes = units.get(number).bytes();
            bytesTotal += bytes;
            if (complete.isPresent()) {
                bytesDone += bytes;
                tokensDone += complete.get().all().stream().mapToLong(complete.get()::tokens).sum();
            } else {
                open.add(number);
                tokensDone += PreparationState.read(own.path().resolve(Preparation.WORK)).map(PreparationState::totalTokens).orElse(0L);
            }
        }
        UnitProgress progress = new UnitProgress(listener, bytesDone, bytesTotal, tokensDone);
        ExecutorService pool = Executors.newFixedThreadPool(workers);
        try {
            ExecutorCompletionService<Void> done = new ExecutorCompletionService<>(pool);
            for (int number : open) {
                UnitFolder own = UnitFolder.of(work, number);
                done.submit(() -> {
                    unit.runUnit(units.get(number), own.path(), progress.unit());
                    own.mark(digests.get(number));
                    return null;
                });
            }
            await(done, open.size(), progress);
        } finally {
            pool.shutdownNow();
        }
    }

    /** Waits for all; after a failure the others stop where they can go on another time, and then the first failure is thrown. */
    private static void await(ExecutorCompletionService<Void> done, int count, UnitProgress progress) throws IOException {
        Throwable failure = null;
        for (int left = count; left > 0;) {
            try {
                Future<Void> next = done.take();
                left--;
                next.get();
            } catch (InterruptedException e) { // the workers have to end before the folder's lock does
                progress.fail();
                failure = new InterruptedIOException("interrupted");
            } catch (ExecutionException e) {
                progress.fail();
                failure = failure == null || failure instanceof CancellationException ? e.getCause() : failure;
            }
        }
        if (failure instanceof InterruptedIOException) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw Failures.asThrown(failure);
        }
    }

    /** What a unit's shards depend on: also the moment of its files, which are read once. */
    private String digest(PreparationInputs inputs) throws IOException {
        StringBuilder text = new StringBuilder(whole.arguments(inputs).toString());
        for (InputFile file : inputs.all().toList()) {
            text.append('\n').append(file.identity());
        }
        return Sha256.of(text.toString());
    }

    /** Moves the shards of all units to their places; where that was begun, the rest of them. */
    private void join(int count, Path folder, Path work) throws IOException {
        List<Manifest> manifests = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            manifests.add(Manifest.read(UnitFolder.of(work, number).path()));
        }
        UnitJoin join;
        try {
            join = UnitJoin.of(manifests);
        } catch (InvalidInputException e) { // there is nothing to go on with
            PreparationFolder.deleteWork(work);
            throw e;
        }
        AtomicFile.write(work.resolve(PreparationFolder.JOINING), "");
        for (Split split : join.manifest().all()) {
            AtomicFolder.requireWritable(folder.resolve(split.folder()));
            Files.createDirectories(folder.resolve(split.folder()));
        }
        for (UnitJoin.Move move : join.moves()) {
            Path from = work.resolve(move.from());
            Path to = folder.resolve(move.to());
            if (Files.exists(from)) {
                Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            } else if (!Files.exists(to)) {
                throw new InvalidInputException("cannot go on: " + to + " is not there, but had been written; delete the output folder"
                        + " and start again");
            }
        }
        PreparationFolder.complete(folder, tokenizer.toJson(), join.manifest());
    }
}
