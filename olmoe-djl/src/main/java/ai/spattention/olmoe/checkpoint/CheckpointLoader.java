package ai.spattention.olmoe.checkpoint;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorFolder;
import ai.spattention.olmoe.safetensors.TensorInfo;
import ai.spattention.olmoe.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Builds a model and fills it from a folder's tensors, once they are known to be all there and nothing else. */
final class CheckpointLoader {

    private static final Set<TensorType> FLOATS =
            EnumSet.of(TensorType.F16, TensorType.BF16, TensorType.F32, TensorType.F64);

    private final TensorFolder tensors;
    private final StoredTensors stored;
    private final OlmoeConfig config;

    private CheckpointLoader(TensorFolder tensors, OlmoeConfig config) {
        this.tensors = tensors;
        stored = new StoredTensors(tensors, config);
        this.config = config;
    }

    static OlmoeModel load(TensorFolder tensors, OlmoeConfig config, UnaryOperator<OlmoeModel.Builder> options,
            NDManager manager) {
        CheckpointLoader loader = new CheckpointLoader(tensors, config);
        loader.checkCounts();
        OlmoeModel model = options.apply(OlmoeModel.builder().setConfig(config)).build();
        List<TensorSlot> slots = loader.slots(model);
        loader.check(slots, manager);
        loader.fill(model, slots, manager);
        return model;
    }

    /**
     * Checks that a folder's tensors are a model's, all of them and nothing else, and has its parameters initialized from there; its files are
     * open until the last one is.
     */
    static void begin(Path folder, OlmoeModel model) throws IOException {
        TensorFolder tensors = TensorFolder.open(folder);
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            CheckpointLoader loader = new CheckpointLoader(tensors, model.getConfig());
            loader.checkCounts();
            List<TensorSlot> slots = loader.slots(model);
            loader.check(slots, scope);
            loader.initializeFrom(byParameter(slots));
        } catch (RuntimeException e) {
            tensors.close();
            throw e;
        }
    }

    /** Each parameter is read once. */
    private void initializeFrom(Map<Parameter, List<TensorSlot>> left) {
        left.forEach((parameter, parts) -> {
            Initializer before = parameter.getInitializer();
            parameter.setInitializer((owner, shape, type) -> {
                NDArray values = read(parts, owner, shape, type);
                parameter.setInitializer(before);
                left.remove(parameter);
                if (left.isEmpty()) {
                    close();
                }
                return values;
            });
        });
    }

    private void close() {
        try {
            tensors.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<Parameter, List<TensorSlot>> byParameter(List<TensorSlot> slots) {
        Map<Parameter, List<TensorSlot>> byParameter = new IdentityHashMap<>();
        slots.forEach(slot -> byParameter.computeIfAbsent(slot.parameter(), key -> new ArrayList<>()).add(slot));
        return byParameter;
    }

    /** Before anything is built: a wrong configuration must not ask for more than the files justify. */
    private void checkCounts() {
        int layers = config.numHiddenLayers();
        String lastLayer = stored.name(HuggingFaceNames.layerPrefix(layers - 1) + "mlp.gate.weight");
        if (layers > tensors.names().size() || !stored.has(lastLayer)) {
            throw new InvalidInputException(tensors.folder() + ": config.json asks for " + layers
                    + " layers (num_hidden_layers), but the weights lack '" + lastLayer + "'");
        }
        stored.requireShape(lastLayer, new Shape(config.numExperts(), config.hiddenSize()));
    }

    /** What the model is filled from: the experts of each layer one by one or stacked, as the files have them. */
    private List<TensorSlot> slots(OlmoeModel model) {
        List<TensorSlot> slots = new ArrayList<>(HuggingFaceNames.of(model));
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            List<TensorSlot> stacked = HuggingFaceNames.stackedExperts(model, layer);
            if (stacked.stream().anyMatch(slot -> stored.has(stored.name(slot.name())))) {
                String prefix = HuggingFaceNames.layerPrefix(layer);
                slots.removeIf(slot -> !slot.isWhole() && slot.name().startsWith(prefix));
                slots.addAll(stacked);
            }
        }
        return slots;
    }

    private void check(List<TensorSlot> slots, NDManager manager) {
        Set<String> wanted = new HashSet<>();
        List<String> missing = new ArrayList<>();
        for (TensorSlot slot : slots) {
            String name = stored.name(slot.name());
            wanted.add(name);
            if (!stored.has(name)) {
                missing.add(name);
            }
        }
        if (!missing.isEmpty()) {
            throw new InvalidInputException(tensors.folder() + " lacks " + StoredTensors.named(missing)
                    + ", which config.json asks for");
        }
        for (TensorSlot slot : slots) {
            TensorInfo info = tensors.info(stored.name(slot.name()));
            stored.requireShape(info.name(), slot.shape());
            if (!FLOATS.contains(info.type())) {
                throw new InvalidInputException(tensors.folder() + ": tensor '" + info.name() + "' has dtype " + info.type()
                        + ": weights are F32, F16, BF16 or F64");
            }
        }
        stored.checkOthers(wanted, manager);
    }

    /** Each parameter's initial value is read from the files: nothing is allocated twice. */
    private void fill(OlmoeModel model, List<TensorSlot> slots, NDManager manager) {
        Map<Parameter, Initializer> initializers = new IdentityHashMap<>();
        byParameter(slots).forEach((parameter, parts) -> {
            initializers.put(parameter, parameter.getInitializer());
            parameter.setInitializer((owner, shape, type) -> read(parts, owner, shape, type));
        });
        try {
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        } catch (RuntimeException | Error e) {
            model.clear();
            throw e;
        } finally {
            initializers.forEach(Parameter::setInitializer);
        }
    }

    private NDArray read(List<TensorSlot> parts, NDManager owner, Shape shape, DataType type) {
        if (parts.get(0).isWhole()) {
            return read(parts.get(0), owner, type);
        }
        NDArray stacked = owner.create(shape, type);
        for (TensorSlot part : parts) {
            try (NDArray rows = read(part, owner, type)) {
                stacked.set(part.rows(), rows);
            }
        }
        return stacked;
    }

    private NDArray read(TensorSlot slot, NDManager owner, DataType type) {
        NDArray values = tensors.read(owner, stored.name(slot.name()));
        if (values.getDataType() == type) {
            return values;
        }
        try (values) {
            return values.toType(type, true);
        }
    }
}
