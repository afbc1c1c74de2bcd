package ai.spattention.olmoe.pass;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.spattention.Precision;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.fused.BandedAttention;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.router.RouterSteps;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Whether a model's training passes can run as plans. This is the one place that decides it. */
public final class PassFit {

    private static final int LEAST_COMPUTE_CAPABILITY = 80;
    private static final int UNIT_OF_WIDTHS = 64;
    private static final int UNIT_OF_VOCABULARY = 8;
    private static final Set<Integer> HEAD_DIMENSIONS = Set.of(32, 64, 128, 256);
    private static final Set<String> KERNELS = Set.of("auto", "fused");

    private PassFit() {}

    /**
     * How a model is to train, besides its configuration.
     *
     * @param precision of products and activations
     * @param kernel the attention kernel's name
     * @param length N, the sequences' length
     */
    public record Wish(Precision precision, String kernel, int length) {}

    /**
     * Why a model's passes cannot run as plans on a device.
     *
     * @param config the model's configuration
     * @param wish how it is to train
     * @param device where
     * @return the first reason, for people, as the end of a sentence; empty if they can
     */
    public static Optional<String> unsupported(OlmoeConfig config, Wish wish, PassDevice device) {
        return device.unsupported().or(() -> unsupported(config, wish, device.target()));
    }

    /** By the GPU's age. */
    static Optional<String> unsupported(int computeCapability) {
        return computeCapability >= LEAST_COMPUTE_CAPABILITY ? Optional.empty()
                : Optional.of("the GPU's compute capability is below 8.0 (got " + computeCapability / 10 + "." + computeCapability % 10 + ")");
    }

    /** By the model and its settings, on a GPU that is new enough. */
    static Optional<String> unsupported(OlmoeConfig config, Wish wish, CudaTarget target) {
        if (wish.precision != Precision.BFLOAT16) {
            return Optional.of("precision is not bfloat16 (got " + wish.precision.key() + ")");
        }
        if (!KERNELS.contains(wish.kernel)) {
            return Optional.of("model.kernel asks for another attention (got " + wish.kernel + ")");
        }
        if (config.attentionDropout() > 0) {
            return Optional.of("there is dropout (got attention_dropout " + config.attentionDropout() + ")");
        }
        if (config.clipQkv() != null) {
            return Optional.of("queries, keys and values are clamped (got clip_qkv " + config.clipQkv() + ")");
        }
        if (config.attentionBias()) {
            return Optional.of("projections have biases (attention_bias)");
        }
        return widths(config).or(() -> config.patterns().distinct().stream().flatMap(pattern ->
                attention(config, pattern, wish, target, true).or(() -> attention(config, pattern, wish, target, false)).stream()).findFirst());
    }

    /** By a layer's attention: with documents, which a batch may have, and without them there is other code. */
    private static Optional<String> attention(OlmoeConfig config, AttentionPattern pattern, Wish wish, CudaTarget target,
            boolean documents) {
        AttentionCall call = new AttentionCall(new AttentionLayout(pattern, config.layoutLength()),
                Device.gpu(target.deviceIndex()), DataType.BFLOAT16, config.numAttentionHeads(), config.numKeyValueHeads(), wish.length,
                wish.length, config.headDim(), documents, false, GradientMode.EXPLICIT);
        return BandedAttention.unsupported(call, target).map(reason -> "no kernel computes attention by the pattern " + pattern.patternName()
                + ": " + reason);
    }

    private static Optional<String> widths(OlmoeConfig config) {
        if (!HEAD_DIMENSIONS.contains(config.headDim())) {
            return Optional.of("the head dimension is none of 32, 64, 128 and 256 (got " + config.headDim() + ")");
        }
        if (config.numExperts() > RouterSteps.MOST_EXPERTS) {
            return Optional.of("there are more than " + RouterSteps.MOST_EXPERTS + " experts (got " + config.numExperts() + ")");
        }
        if (config.vocabSize() % UNIT_OF_VOCABULARY != 0) {
            return Optional.of("the vocabulary is no multiple of " + UNIT_OF_VOCABULARY + " (got " + config.vocabSize() + ")");
        }
        Map<String, Integer> widths = Map.of("hidden size", config.hiddenSize(), "experts' width", config.intermediateSize(),
                "width of all queries", config.numAttentionHeads() * config.headDim(),
                "width of all keys", config.numKeyValueHeads() * config.headDim());
        return widths.entrySet().stream().sorted(Map.Entry.comparingByKey())
                .filter(width -> width.getValue() > RmsNormSteps.mostColumns() || width.getValue() % UNIT_OF_WIDTHS != 0)
                .map(width -> "the " + width.getKey() + " is no multiple of " + UNIT_OF_WIDTHS + " up to " + RmsNormSteps.mostColumns()
                        + " (got " + width.getValue() + ")").findFirst();
    }
}
