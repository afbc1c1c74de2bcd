package ai.spattention.olmoe.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.GenerationConfig;
import ai.spattention.olmoe.config.ModelType;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorFolder;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.TokenizerConfig;
import ai.spattention.pattern.Patterns;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Models in Hugging Face's format: a folder with {@code config.json} and {@code model.safetensors}, or shards with an index.
 *
 * <p>transformers computes with what is written here exactly what the model computes here. A model with dense causal attention in every
 * layer is its own {@code OlmoeForCausalLM}. Any other gets the code of its attention beside it ({@value ModelType#CODE_FILE}), and
 * {@code AutoModelForCausalLM} loads it with {@code trust_remote_code=True} alone ({@link ModelType}). To write such a model as a dense
 * one, which is another model, load it as that: {@code config -> config.withAttention(StandardPattern.CAUSAL, config.layoutLength())}.
 */
public final class HuggingFaceFolder {

    /** The shard size that transformers writes by default: 5 GB. */
    public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

    private static final Map<TensorType, String> TYPE_NAMES =
            Map.of(TensorType.F32, "float32", TensorType.F16, "float16", TensorType.BF16, "bfloat16");

    /** What people and programs need of a model besides its configuration and weights. */
    private static final List<String> BESIDE_WEIGHTS = List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
            "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja", GenerationConfig.FILE);

    private HuggingFaceFolder() {}

    /**
     * Loads a model with the attention that its configuration names.
     *
     * @param folder the folder
     * @param manager the manager that owns the parameters, on the device where they are to live
     * @return the initialised model, float32
     * @throws InvalidInputException if the folder is no model or its files contradict each other
     * @throws IOException if reading fails
     */
    public static OlmoeModel load(Path folder, NDManager manager) throws IOException {
        return load(folder, manager, UnaryOperator.identity(), options -> options);
    }

    /**
     * Loads a model with changed settings.
     *
     * @param folder the folder
     * @param manager the manager that owns the parameters, on the device where they are to live
     * @param change changes the configuration, for example {@code config -> config.withAttention(pattern, layout)}
     * @param options sets how the model computes, for example {@code model -> model.optKernel(kernel)}
     * @return the initialised model, its parameters in float32
     * @throws InvalidInputException if the folder is no model or its files contradict each other or the changed
     *     configuration
     * @throws IOException if reading fails
     */
    public static OlmoeModel load(Path folder, NDManager manager, UnaryOperator<OlmoeConfig> change,
            UnaryOperator<OlmoeModel.Builder> options) throws IOException {
        return load(folder, manager, Patterns.onClassPath(), change, options);
    }

    /**
     * Has a new model begin with a folder's weights instead of random ones: each parameter is read when the model is initialized, by whoever
     * trains it. What is in the folder is checked now.
     *
     * @param folder the folder; it has to stay as it is until the model is initialized
     * @param model the model, not initialized, with the sizes of the folder's; its attention may be another
     * @throws InvalidInputException if tensors are missing, too many, damaged or of other shapes
     * @throws IOException if a file cannot be read
     */
    public static void beginFrom(Path folder, OlmoeModel model) throws IOException {
        CheckpointLoader.begin(folder, model);
    }

    /**
     * Loads a model that may have a pattern of one's own, with changed settings.
     *
     * @param folder the folder
     * @param manager the manager that owns the parameters, on the device where they are to live
     * @param patterns where the pattern that the configuration names is found, for example {@code
     *     Patterns.onClassPath().with(pattern)}
     * @param change changes the configuration, for example {@code config -> config.withAttention(pattern, layout)}
     * @param options sets how the model computes, for example {@code model -> model.optKernel(kernel)}
     * @return the initialised model, its parameters in float32
     * @throws InvalidInputException if the folder is no model, its pattern is not known, or its files contradict each other or the
     *     changed configuration
     * @throws IOException if reading fails
     */
    public static OlmoeModel load(Path folder, NDManager manager, Patterns patterns, UnaryOperator<OlmoeConfig> change,
            UnaryOperator<OlmoeModel.Builder> options) throws IOException {
        OlmoeConfig saved = ConfigJson.read(folder.resolve("config.json"), patterns);
        OlmoeConfig config = change.apply(saved);
        requireKeys(folder, saved, config);
        try (TensorFolder tensors = TensorFolder.open(folder)) {
            return CheckpointLoader.load(tensors, config, options, manager);
        }
    }

    /** Refuses to put lsh attention in the place of another, or the other way round: one has no weights that the other needs. */
    private static void requireKeys(Path folder, OlmoeConfig saved, OlmoeConfig config) {
        for (int layer = 0; layer < Math.min(saved.numHiddenLayers(), config.numHiddenLayers()); layer++) {
            if (saved.hasKeys(layer) != config.hasKeys(layer)) {
                throw new InvalidInputException(folder + ": layer " + layer + " was trained with the pattern "
                        + saved.patterns().of(layer).patternName() + " (got " + config.patterns().of(layer).patternName() + "): lsh attention"
                        + " has no weights for keys, so that it stays in the layers that were trained with it, and in no others");
            }
        }
    }

    /**
     * Writes a model with float32 weights, in files of at most {@link #DEFAULT_SHARD_BYTES}. The folder appears whole or not at all.
     *
     * @param model an initialised model
     * @param folder the folder, absent or empty
     * @throws InvalidInputException if the folder is not empty or a symbolic link, or the disk is full or read-only
     * @throws IOException if writing fails otherwise
     */
    public static void save(OlmoeModel model, Path folder) throws IOException {
        save(model, folder, TensorType.F32, DEFAULT_SHARD_BYTES);
    }

    /**
     * Writes a model with float32 weights, and its tokenizer. The folder appears whole or not at all.
     *
     * @param model an initialised model
     * @param folder the folder, absent or empty
     * @param tokenizer the tokenizer that the model was trained with
     * @throws InvalidInputException if the folder is not empty or a symbolic link, or the disk is full or read-only
     * @throws IOException if writing fails otherwise
     */
    public static void save(OlmoeModel model, Path folder, Tokenizer tokenizer) throws IOException {
        requireEmpty(folder);
        AtomicFolder.write(folder, whole -> {
            write(model, ParameterValues.PLAIN, whole, TensorType.F32, DEFAULT_SHARD_BYTES);
            AtomicFile.write(whole.resolve("tokenizer.json"), tokenizer.toJson());
            AtomicFile.write(whole.resolve("tokenizer_config.json"), TokenizerConfig.of(tokenizer));
        });
    }

    /**
     * Writes a model. The folder appears whole or not at all.
     *
     * @param model an initialised model
     * @param folder the folder, absent or empty
     * @param type the type of the weights in the file: F32, F16 or BF16
     * @param maxShardBytes the largest file; a single larger tensor gets a file of its own
     * @throws InvalidInputException if the folder is not empty or a symbolic link, or the disk is full or read-only
     * @throws IOException if writing fails otherwise
     */
    public static void save(OlmoeModel model, Path folder, TensorType type, long maxShardBytes) throws IOException {
        requireEmpty(folder);
        AtomicFolder.write(folder, whole -> write(model, ParameterValues.PLAIN, whole, type, maxShardBytes));
    }

    /**
     * Writes a model that was loaded from a folder and has been trained since, with what stands beside the weights there: tokenizer,
     * special tokens and {@code generation_config.json}. The new folder appears whole or not at all.
     *
     * @param model an initialised model
     * @param folder the new folder, absent or empty
     * @param type the type of the weights in the file: F32, F16 or BF16
     * @param origin the folder that the model was loaded from
     * @throws InvalidInputException if the folder is not empty or a symbolic link, there is no folder of origin, or the disk is full
     *     or read-only
     * @throws IOException if writing fails otherwise
     */
    public static void save(OlmoeModel model, Path folder, TensorType type, Path origin) throws IOException {
        if (!Files.isDirectory(origin)) {
            throw new InvalidInputException(origin + " is no folder: name the one that the model was loaded from");
        }
        requireEmpty(folder);
        AtomicFolder.write(folder, whole -> {
            write(model, ParameterValues.PLAIN, whole, type, DEFAULT_SHARD_BYTES);
            for (String name : BESIDE_WEIGHTS) {
                Path file = origin.resolve(name);
                if (Files.isRegularFile(file)) {
                    AtomicFile.write(whole.resolve(name), channel -> Files.copy(file, Channels.newOutputStream(channel)));
                }
            }
        });
    }

    /**
     * Writes a model's files into a folder that a caller makes whole, with files of its own: weights, {@code config.json}, {@code
     * generation_config.json} and, where transformers needs it, the code of its attention.
     *
     * @param model an initialised model
     * @param values where its parameters' values are read
     * @param folder the folder, for instance that of {@link AtomicFolder#write}
     * @param type the type of the weights in the file: F32, F16 or BF16
     * @param maxShardBytes the largest file; a single larger tensor gets a file of its own
     * @throws InvalidInputException if the disk is full or read-only
     * @throws IOException if writing fails otherwise
     */
    public static void write(OlmoeModel model, ParameterValues values, Path folder, TensorType type, long maxShardBytes)
            throws IOException {
        if (!TYPE_NAMES.containsKey(type)) {
            throw new InvalidInputException("weights are written as F32, F16 or BF16 (got " + type + ")");
        }
        List<TensorFolder.Tensor> tensors = HuggingFaceNames.of(model).stream()
                .map(slot -> new TensorFolder.Tensor(slot.name(), type, slot.shape(), () -> values(values, slot))).toList();
        TensorFolder.write(folder, tensors, maxShardBytes);
        OlmoeConfig config = model.getConfig();
        AtomicFile.write(folder.resolve("config.json"), ConfigJson.write(config, TYPE_NAMES.get(type)));
        AtomicFile.write(folder.resolve(GenerationConfig.FILE), GenerationConfig.write(config));
        if (ModelType.of(config) == ModelType.SPATTENTION) {
            AtomicFile.write(folder.resolve(ModelType.CODE_FILE), code());
        }
    }

    /** The Python file, which is among this class's resources. */
    private static String code() throws IOException {
        try (InputStream in = HuggingFaceFolder.class.getResourceAsStream(ModelType.CODE_FILE)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + ModelType.CODE_FILE + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /**
     * Refuses a folder that a model could not be saved into, before the work whose result it is to hold.
     *
     * @param folder the folder
     * @throws InvalidInputException if it is not empty, or a file
     * @throws IOException if it cannot be listed
     */
    public static void requireEmpty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is a file: a model is written into a folder");
        }
        try (Stream<Path> content = Files.list(folder)) {
            if (content.findAny().isPresent()) {
                throw new InvalidInputException(folder + " is not empty: choose another folder, or empty it first");
            }
        }
    }

    /** Float32 values in an array of their own, which the writer may close. */
    private static NDArray values(ParameterValues values, TensorSlot slot) {
        try (NDManager scope = slot.parameter().getArray().getManager().newSubManager()) {
            NDArray whole = values.read(slot.parameter());
            whole.attach(scope);
            NDArray part = slot.of(whole).toType(DataType.FLOAT32, false);
            part.attach(scope.getParentManager());
            return part;
        }
    }
}
