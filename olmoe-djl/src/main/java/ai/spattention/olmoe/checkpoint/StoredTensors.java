package ai.spattention.olmoe.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.safetensors.TensorFolder;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tensors of a checkpoint under the names that it gives them, which transformers reads as well as today's: without {@code
 * model.} where the model was saved without its output matrix, the output matrix beside or instead of the embedding to which it
 * is tied, and the rotary embedding's frequencies, which old versions saved.
 */
final class StoredTensors {

    private static final String PREFIX = "model.";
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String OUTPUT = "lm_head.weight";
    private static final Pattern FREQUENCIES = Pattern.compile("(?:model\\.)?(?:layers\\.(\\d{1,9})\\.self_attn\\.)?rotary_emb\\.inv_freq");

    private final TensorFolder tensors;
    private final OlmoeConfig config;
    private final boolean hasPrefix;

    StoredTensors(TensorFolder tensors, OlmoeConfig config) {
        this.tensors = tensors;
        this.config = config;
        hasPrefix = tensors.names().stream().anyMatch(name -> name.startsWith(PREFIX));
    }

    /** The name in the files of what is called so today; it need not be there. */
    String name(String today) {
        if (today.equals(EMBEDDING) && config.tieWordEmbeddings() && !has(bare(EMBEDDING)) && has(OUTPUT)) {
            return OUTPUT;
        }
        return bare(today);
    }

    private String bare(String today) {
        return hasPrefix || !today.startsWith(PREFIX) ? today : today.substring(PREFIX.length());
    }

    boolean has(String stored) {
        return tensors.names().contains(stored);
    }

    /**
     * Refuses what the model has no place for, unless it only says again what the model knows.
     *
     * @param wanted the stored names of what the model is filled from
     * @param manager a manager whose device holds what is compared
     */
    void checkOthers(Set<String> wanted, NDManager manager) {
        List<String> others = tensors.names().stream().filter(name -> !wanted.contains(name)).toList();
        List<String> unknown = others.stream().filter(name -> !isTiedOutput(name) && !isFrequencies(name)).toList();
        if (!unknown.isEmpty()) {
            throw new InvalidInputException(tensors.folder() + " has " + named(unknown)
                    + ", which the model of its config.json does not have");
        }
        for (String name : others) {
            try (NDManager scope = manager.newSubManager()) {
                if (isTiedOutput(name)) {
                    checkTied(scope);
                } else {
                    checkFrequencies(name, scope);
                }
            }
        }
    }

    static String named(Collection<String> names) {
        String first = "tensor '" + names.iterator().next() + "'";
        int others = names.size() - 1;
        return others == 0 ? first : first + " and " + others + " more";
    }

    private boolean isTiedOutput(String name) {
        return config.tieWordEmbeddings() && name.equals(OUTPUT);
    }

    private boolean isFrequencies(String name) {
        Matcher matcher = FREQUENCIES.matcher(name);
        return matcher.matches() && (matcher.group(1) == null || Integer.parseInt(matcher.group(1)) < config.numHiddenLayers());
    }

    private void checkTied(NDManager scope) {
        requireShape(OUTPUT, new Shape(config.vocabSize(), config.hiddenSize()));
        NDArray different = read(scope, OUTPUT).neq(read(scope, bare(EMBEDDING)));
        if (different.any().getBoolean()) {
            long place = different.flatten().toType(DataType.FLOAT32, false).argMax().getLong();
            throw new InvalidInputException(tensors.folder() + ": config.json ties the output embedding to the input embedding"
                    + " (tie_word_embeddings), but '" + OUTPUT + "' and '" + bare(EMBEDDING) + "' differ, for instance in row "
                    + place / config.hiddenSize() + ": set tie_word_embeddings to false, or save the model again");
        }
    }

    private void checkFrequencies(String name, NDManager scope) {
        int dim = config.headDim();
        requireShape(name, new Shape(dim / 2));
        double relative = switch (tensors.info(name).type()) {
            case BF16 -> 1.0 / 128;
            case F16 -> 1.0 / 1024;
            default -> 1e-5;
        };
        float[] stored = read(scope, name).toFloatArray();
        for (int i = 0; i < stored.length; i++) {
            double frequency = Math.pow(config.ropeTheta(), -2.0 * i / dim);
            double smallest = 1.0 / (1 << 24); // the step of float16 near 0
            if (!(Math.abs(stored[i] - frequency) <= relative * frequency + (relative < 1e-4 ? 0 : smallest))) {
                throw new InvalidInputException(tensors.folder() + ": tensor '" + name + "' has the rotary frequency " + stored[i]
                        + " at place " + i + ", the rope_theta " + config.ropeTheta() + " of config.json gives " + (float) frequency
                        + ": correct rope_theta, or remove the tensor");
            }
        }
    }

    void requireShape(String name, Shape shape) {
        Shape found = tensors.info(name).shape();
        if (!found.equals(shape)) {
            throw new InvalidInputException(tensors.folder() + ": tensor '" + name + "' has shape " + found
                    + ", config.json asks for " + shape);
        }
    }

    private NDArray read(NDManager scope, String stored) {
        return tensors.read(scope, stored).toType(DataType.FLOAT32, false);
    }
}
