package ai.spattention.train.checkpoint;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.io.StrictJson;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.train.distributed.Agreement;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The checkpoints of a run, one folder {@code step-00000100} each. A run of several ranks calls what writes and finds them on all of them, in
 * the same order: each writes and checks files of its own, and rank 0 alone the rest.
 */
public final class CheckpointStore {

    private static final Pattern NAME = Pattern.compile("step-[0-9]{8,18}");
    private static final String PROBE = ".shared-";
    private static final Pattern LEFTOVER = Pattern.compile(NAME.pattern() + "\\.tmp|" + Pattern.quote(PROBE) + "[0-9]+");
    private static final String MANIFEST = CheckpointFiles.MANIFEST;
    private static final String STATE = CheckpointFiles.STATE;
    private static final int IS_WHOLE = 0;
    private static final int IS_MISSING = 1;
    private static final int DIFFERS = 2;
    private static final ObjectMapper JSON = StrictJson.builder().build();

    private final Path folder;
    private final int keepLast;
    private final int keepEverySteps;
    private final Collectives collectives;
    private final Agreement agreement;

    /**
     * A whole checkpoint.
     *
     * @param folder its folder
     * @param state where the run stood
     * @param model the files of the parameters
     * @param optimizer the files of the optimizer's moments
     */
    public record Checkpoint(Path folder, TrainingState state, List<Path> model, List<Path> optimizer) {}

    /**
     * Opens a store.
     *
     * @param folder the folder of the checkpoints; need not exist
     * @param keepLast how many of the newest checkpoints are kept, at least 1
     */
    public CheckpointStore(Path folder, int keepLast) {
        this(folder, keepLast, 0);
    }

    /**
     * Opens a store that keeps some checkpoints for good.
     *
     * @param folder the folder of the checkpoints; need not exist
     * @param keepLast how many of the newest checkpoints are kept, at least 1
     * @param keepEverySteps checkpoints of steps that this divides are kept too; 0 for none
     */
    public CheckpointStore(Path folder, int keepLast, int keepEverySteps) {
        this(folder, keepLast, keepEverySteps, new SingleProcess());
    }

    /**
     * Opens a store of several ranks.
     *
     * @param folder the folder of the checkpoints, on all ranks the same one; need not exist
     * @param keepLast how many of the newest checkpoints are kept, at least 1
     * @param keepEverySteps checkpoints of steps that this divides are kept too; 0 for none
     * @param collectives the ranks; stay the caller's
     */
    public CheckpointStore(Path folder, int keepLast, int keepEverySteps, Collectives collectives) {
        this.folder = folder;
        this.keepLast = keepLast;
        this.keepEverySteps = keepEverySteps;
        this.collectives = collectives;
        agreement = new Agreement(collectives);
    }

    /**
     * Refuses ranks that see another folder than rank 0 does.
     *
     * @throws InvalidInputException if one does, or rank 0 cannot write there
     * @throws IOException if writing fails otherwise
     */
    public void requireShared() throws IOException {
        if (collectives.size() == 1) {
            return;
        }
        boolean isRoot = collectives.rank() == 0;
        long own = isRoot ? new SecureRandom().nextLong(1L << 52) : 0; // a double holds it
        Path probe = folder.resolve(PROBE + (long) collectives.sum(own)[0]);
        agreement.require("write into " + folder, () -> {
            if (isRoot) {
                createFolder();
                AtomicFile.write(probe, "");
            }
        });
        double[] blind;
        try {
            blind = collectives.ofEachRank(Files.exists(probe) ? 0 : 1);
        } finally {
            if (isRoot) {
                Files.deleteIfExists(probe);
                OwnFiles.deleteIfEmpty(folder);
            }
        }
        for (int rank = 0; rank < blind.length; rank++) {
            if (blind[rank] != 0) {
                throw new InvalidInputException("rank " + rank + " does not see the folder " + folder + " into which rank 0 writes checkpoints:"
                        + " all ranks have to share it; choose one on a file system that all machines have at the same place");
            }
        }
    }

    /**
     * Writes a checkpoint aside, forces it to disk, checks it and makes it current in one step; then older ones go.
     *
     * @param state where the run stands
     * @param model the parameters, of several ranks this one's part of them
     * @param optimizer the optimizer's moments, of several ranks this one's part of them
     * @return the checkpoint's folder
     * @throws InvalidInputException if the disk is full or the folder cannot be written; earlier checkpoints stay
     * @throws IOException if writing fails otherwise
     */
    public Path save(TrainingState state, SafetensorsWriter model, SafetensorsWriter optimizer) throws IOException {
        try (CheckpointWriting writing = begin(state)) {
            return writing.publish(() -> writing.write(model, optimizer));
        }
    }

    /**
     * Begins a checkpoint, and clears what a killed run left of others.
     *
     * @param state where the run stands
     * @return what writes it; to be closed
     * @throws InvalidInputException if the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public CheckpointWriting begin(TrainingState state) throws IOException {
        CheckpointWriting writing = new CheckpointWriting(this, state, collectives);
        agreement.require("begin the checkpoint of step " + state.step(), () -> {
            if (collectives.rank() == 0) {
                createFolder();
                for (Path leftover : entries(LEFTOVER)) {
                    OwnFiles.deleteTree(leftover);
                }
                createDirectory(writing.temporary());
            }
        });
        return writing;
    }

    Path path(long step) {
        return folder.resolve(String.format(Locale.ROOT, "step-%08d", step));
    }

    /** Gives what is written whole its name; then older ones go. */
    void makeCurrent(Path whole, long step) throws IOException {
        Path target = path(step);
        force(whole);
        delete(target); // a damaged one of the same step, skipped on resume
        OwnFiles.moveAside(target);
        Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
        force(folder);
        prune(step);
    }

    /**
     * Finds the newest whole checkpoint. Several ranks share the checking of its files out, and all find the same.
     *
     * @param skipped told on rank 0, in a line each, of newer ones that are damaged and why
     * @return the checkpoint, or empty if there is none
     * @throws InvalidInputException if the newest was written by a later version of this program
     * @throws IOException if the folder cannot be read
     */
    public Optional<Checkpoint> newest(Consumer<String> skipped) throws IOException {
        List<Path> candidates = new ArrayList<>();
        agreement.require("read " + folder, () -> candidates.addAll(collectives.rank() == 0 ? newestFirst() : List.of()));
        for (int i = 0; ; i++) {
            long own = i < candidates.size() ? stepOf(candidates.get(i)) + 1 : 0;
            long step = (long) collectives.sum(own)[0] - 1; // all others add nothing to rank 0's
            if (step < 0) {
                return Optional.empty();
            }
            Path candidate = path(step);
            try {
                return Optional.of(read(candidate, step));
            } catch (LaterFormatException e) {
                throw new InvalidInputException("cannot go on from the checkpoint " + candidate + ": " + e.getMessage(), e);
            } catch (InvalidInputException | IOException e) {
                if (collectives.rank() == 0) {
                    skipped.accept("warning: checkpoint " + candidate.getFileName() + " is skipped: " + e.getMessage());
                }
            }
        }
    }

    /**
     * Whether there is no checkpoint, not even a damaged one. To be asked on all ranks.
     *
     * @return what rank 0 sees
     * @throws IOException if the folder cannot be read
     */
    public boolean isEmpty() throws IOException {
        List<Path> found = new ArrayList<>();
        agreement.require("read " + folder, () -> found.addAll(collectives.rank() == 0 ? newestFirst() : List.of()));
        return collectives.sum(found.size())[0] == 0;
    }

    private void createFolder() throws IOException {
        createDirectory(folder);
    }

    private static void createDirectory(Path directory) throws IOException {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw AtomicFile.explain(directory, e);
        }
    }

    /**
     * The steps of which there are checkpoints, whole or damaged.
     *
     * @return the steps in ascending order
     * @throws IOException if the folder cannot be read
     */
    public List<Long> steps() throws IOException {
        return newestFirst().stream().map(CheckpointStore::stepOf).sorted().toList();
    }

    private List<Path> newestFirst() throws IOException {
        return entries(NAME).stream().filter(entry -> Files.isDirectory(entry) && entry.equals(path(stepOf(entry))))
                .sorted(Comparator.comparingLong(CheckpointStore::stepOf).reversed()).toList();
    }

    /** What in the folder has such a name; nothing if there is no folder. */
    private List<Path> entries(Pattern name) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (var entries = Files.list(folder)) {
            return entries.filter(entry -> name.matcher(entry.getFileName().toString()).matches()).toList();
        }
    }

    private static long stepOf(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString().substring("step-".length()));
    }

    private Checkpoint read(Path checkpoint, long step) throws IOException {
        List<CheckpointManifest> manifest = new ArrayList<>();
        agreement.require("read " + checkpoint.resolve(MANIFEST), () -> manifest.add(manifest(checkpoint)));
        List<String> files = manifest.get(0).files();
        requireWhole(checkpoint, files, manifest.get(0).digests());
        List<TrainingState> states = new ArrayList<>();
        agreement.require("read " + checkpoint.resolve(STATE), () -> states.add(state(checkpoint.resolve(STATE))));
        TrainingState state = states.get(0);
        if (state.step() != step) {
            throw new InvalidInputException(STATE + " is another checkpoint's: it is of step " + state.step());
        }
        int ranks = manifest.get(0).ranks();
        return new Checkpoint(checkpoint, state, paths(checkpoint, CheckpointFiles.models(ranks)),
                paths(checkpoint, CheckpointFiles.optimizers(ranks)));
    }

    private static List<Path> paths(Path checkpoint, List<String> names) {
        return names.stream().map(checkpoint::resolve).toList();
    }

    /** Each rank looks at some of the files, and all say the same of the first that is not whole. */
    private void requireWhole(Path checkpoint, List<String> files, Map<String, String> digests) throws IOException {
        double[] found = new double[files.size()];
        agreement.require("read " + checkpoint, () -> {
            for (int i = collectives.rank(); i < found.length; i += collectives.size()) {
                Path file = checkpoint.resolve(files.get(i));
                found[i] = !Files.isRegularFile(file) ? IS_MISSING
                        : Sha256.of(List.of(file)).equals(digests.get(files.get(i))) ? IS_WHOLE : DIFFERS;
            }
        });
        double[] all = collectives.sum(found);
        for (int i = 0; i < all.length; i++) {
            if (all[i] == IS_MISSING) {
                throw new InvalidInputException(files.get(i) + " is missing");
            }
            if (all[i] == DIFFERS) {
                throw new InvalidInputException(files.get(i) + " is not what was written: its digest differs from the manifest's");
            }
        }
    }

    static CheckpointManifest manifest(Path checkpoint) throws IOException {
        return CheckpointManifest.of(json(checkpoint.resolve(MANIFEST)));
    }

    static TrainingState state(Path file) throws IOException {
        JsonNode json = json(file);
        if (!json.isObject()) {
            throw new InvalidInputException(STATE + " is damaged: it holds no JSON object");
        }
        try {
            return StateFile.read(json);
        } catch (JsonProcessingException e) {
            throw damaged(file, e);
        }
    }

    private static JsonNode json(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(file.getFileName() + " is missing");
        }
        if (Files.size(file) > 1 << 20) {
            throw new InvalidInputException(file.getFileName() + " is too large");
        }
        byte[] content = Files.readAllBytes(file);
        try {
            return JSON.readValue(content, JsonNode.class);
        } catch (JsonProcessingException e) {
            throw damaged(file, e);
        }
    }

    private static InvalidInputException damaged(Path file, JsonProcessingException e) {
        return new InvalidInputException(file.getFileName() + " is damaged: " + JsonProblem.of(e), e);
    }

    /** Those of later steps are damaged, or the run would have gone on from them: they must not push whole ones out. */
    private void prune(long newestStep) throws IOException {
        List<Path> own = newestFirst().stream().filter(checkpoint -> stepOf(checkpoint) <= newestStep).toList();
        for (Path old : own.subList(Math.min(keepLast, own.size()), own.size())) {
            if (keepEverySteps == 0 || stepOf(old) % keepEverySteps != 0) {
                delete(old);
            }
        }
    }

    /** Makes new names in a folder survive a power cut. */
    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** What else somebody put into the folder stays in it. */
    private static void delete(Path checkpoint) throws IOException {
        OwnFiles.delete(checkpoint, CheckpointFiles::isOwn);
    }
}
