package ai.spattention.train.checkpoint;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.io.StrictJson;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** The checkpoints of a run, one folder {@code step-00000100} each. */
public final class CheckpointStore {

    private static final Pattern NAME = Pattern.compile("step-[0-9]{8,18}");
    private static final Pattern LEFTOVER = Pattern.compile(NAME.pattern() + "\\.tmp");
    private static final String MANIFEST = "manifest.json";
    private static final String STATE = "state.json";
    private static final String MODEL = "model.safetensors";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final Set<String> FILES = Set.of(MANIFEST, STATE, MODEL, OPTIMIZER);

    private static final ObjectMapper JSON = StrictJson.builder().build();

    private final Path folder;
    private final int keepLast;
    private final int keepEverySteps;

    /**
     * A whole checkpoint.
     *
     * @param folder its folder
     * @param state where the run stood
     * @param model the file of the parameters
     * @param optimizer the file of the optimizer's moments
     */
    public record Checkpoint(Path folder, TrainingState state, Path model, Path optimizer) {}

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
        this.folder = folder;
        this.keepLast = keepLast;
        this.keepEverySteps = keepEverySteps;
    }

    /**
     * Writes a checkpoint aside, forces it to disk, checks it and makes it current in one step; then older ones go.
     *
     * @param state where the run stands
     * @param model the parameters
     * @param optimizer the optimizer's moments
     * @return the checkpoint's folder
     * @throws InvalidInputException if the disk is full or the folder cannot be written; earlier checkpoints stay
     * @throws IOException if writing fails otherwise
     */
    public Path save(TrainingState state, SafetensorsWriter model, SafetensorsWriter optimizer) throws IOException {
        Path target = folder.resolve(String.format(Locale.ROOT, "step-%08d", state.step()));
        Path temporary = folder.resolve(target.getFileName() + ".tmp");
        try {
            createFolder();
            for (Path leftover : entries(LEFTOVER)) { // of a run that was killed while it wrote
                OwnFiles.deleteTree(leftover);
            }
            model.write(temporary.resolve(MODEL));
            optimizer.write(temporary.resolve(OPTIMIZER));
            AtomicFile.write(temporary.resolve(STATE), StateFile.toJson(state));
            Map<String, String> digests = new TreeMap<>();
            for (String file : List.of(MODEL, OPTIMIZER, STATE)) {
                digests.put(file, Sha256.of(List.of(temporary.resolve(file))));
            }
            AtomicFile.write(temporary.resolve(MANIFEST), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(digests) + "\n");
            read(temporary, state.step());
            force(temporary);
            delete(target); // a damaged one of the same step, skipped on resume
            OwnFiles.moveAside(target);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            force(folder);
        } finally {
            OwnFiles.deleteTree(temporary);
        }
        prune(state.step());
        return target;
    }

    /**
     * Finds the newest whole checkpoint.
     *
     * @param skipped told, in a line each, of newer ones that are damaged and why
     * @return the checkpoint, or empty if there is none
     * @throws InvalidInputException if the newest was written by a later version of this program
     * @throws IOException if the folder cannot be read
     */
    public Optional<Checkpoint> newest(Consumer<String> skipped) throws IOException {
        for (Path candidate : newestFirst()) {
            try {
                return Optional.of(read(candidate, stepOf(candidate)));
            } catch (LaterFormatException e) {
                throw new InvalidInputException("cannot go on from the checkpoint " + candidate + ": " + e.getMessage(), e);
            } catch (InvalidInputException | IOException e) {
                skipped.accept("warning: checkpoint " + candidate.getFileName() + " is skipped: " + e.getMessage());
            }
        }
        return Optional.empty();
    }

    private void createFolder() throws IOException {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw AtomicFile.explain(folder, e);
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
        return entries(NAME).stream().filter(Files::isDirectory)
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

    private static Checkpoint read(Path checkpoint, long step) throws IOException {
        JsonNode digests = json(checkpoint.resolve(MANIFEST));
        for (String file : List.of(MODEL, OPTIMIZER, STATE)) {
            if (!Files.isRegularFile(checkpoint.resolve(file))) {
                throw new InvalidInputException(file + " is missing");
            }
            if (!Sha256.of(List.of(checkpoint.resolve(file))).equals(digests.path(file).textValue())) {
                throw new InvalidInputException(file + " is not what was written: its digest differs from the manifest's");
            }
        }
        TrainingState state = state(checkpoint.resolve(STATE));
        if (state.step() != step) {
            throw new InvalidInputException(STATE + " is another checkpoint's: it is of step " + state.step());
        }
        return new Checkpoint(checkpoint, state, checkpoint.resolve(MODEL), checkpoint.resolve(OPTIMIZER));
    }

    private static TrainingState state(Path file) throws IOException {
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
        OwnFiles.delete(checkpoint, FILES::contains);
    }
}
