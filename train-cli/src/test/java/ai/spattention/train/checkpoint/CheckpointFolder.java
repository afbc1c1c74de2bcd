package ai.spattention.train.checkpoint;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A store whose checkpoints hold their own step in every file, so that a test can tell them apart. */
final class CheckpointFolder implements AutoCloseable {

    static final List<String> FILES = List.of("manifest.json", "model.safetensors", "optimizer.safetensors", "state.json");

    final Path path;
    final CheckpointStore store;
    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    CheckpointFolder(Path path, int keepLast) {
        this.path = path;
        store = new CheckpointStore(path, keepLast);
    }

    Path save(long step) throws IOException {
        return store.save(state(step), tensor("weight", step), tensor("mean/weight", -step));
    }

    SafetensorsWriter tensor(String name, float value) {
        return new SafetensorsWriter().add(name, manager.create(new float[] {value, 0.5f, Float.NaN}));
    }

    NDArray array(Shape shape) {
        return manager.create(shape);
    }

    static TrainingState state(long step) {
        return new TrainingState(TrainingState.VERSION, step, step - 1, 64 * step, 1.5 * step, "fingerprint",
                Map.of("seed", "-7", "name", "a \"small\"\nmodel"), "");
    }

    /** The step of the newest whole checkpoint, each of its files checked; empty if there is none. */
    Optional<Long> newest(List<String> skipped) throws IOException {
        Optional<CheckpointStore.Checkpoint> newest = store.newest(skipped::add);
        if (newest.isEmpty()) {
            return Optional.empty();
        }
        CheckpointStore.Checkpoint checkpoint = newest.get();
        long step = checkpoint.state().step();
        if (!checkpoint.state().equals(state(step)) || first(checkpoint.model().get(0), "weight") != step
                || first(checkpoint.optimizer().get(0), "mean/weight") != -step) {
            throw new AssertionError("mixed files in " + checkpoint);
        }
        return Optional.of(step);
    }

    Optional<Long> newest() throws IOException {
        return newest(new ArrayList<>());
    }

    private float first(Path file, String tensor) throws IOException {
        try (SafetensorsFile tensors = SafetensorsFile.open(file); NDArray array = tensors.read(manager, tensor)) {
            return array.toFloatArray()[0];
        }
    }

    /** What is in the folder, sorted. */
    List<String> names() throws IOException {
        try (var entries = Files.list(path)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
