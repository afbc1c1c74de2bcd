package ai.spattention.olmoe.checkpoint;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.spattention.SpAttentionBlock;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.moe.Experts;
import java.util.ArrayList;
import java.util.List;

/** The names that Hugging Face's OLMoE checkpoints give to a model's parameters. */
public final class HuggingFaceNames {

    private final OlmoeModel model;
    private final OlmoeConfig config;
    private final List<TensorSlot> slots = new ArrayList<>();

    private HuggingFaceNames(OlmoeModel model) {
        this.model = model;
        config = model.getConfig();
    }

    /**
     * The tensors as checkpoints on disk hold them: the experts one by one. The model need not be initialised.
     *
     * @param model the model
     * @return each tensor and its place in the model, in the order of the layers; the output matrix is absent where it is
     *     tied to the embedding
     */
    public static List<TensorSlot> of(OlmoeModel model) {
        return new HuggingFaceNames(model).collect();
    }

    /**
     * The tensors that newer versions of Hugging Face transformers hold in memory for a layer: the experts stacked.
     *
     * @param model the model
     * @param layer the layer's index
     * @return two tensors, each a whole parameter
     */
    public static List<TensorSlot> stackedExperts(OlmoeModel model, int layer) {
        OlmoeConfig config = model.getConfig();
        Experts experts = model.getLayers().get(layer).getExperts().getExperts();
        String prefix = layerPrefix(layer) + "mlp.experts.";
        long count = config.numExperts();
        long width = config.intermediateSize();
        return List.of(
                TensorSlot.whole(prefix + "gate_up_proj", new Shape(count, 2 * width, config.hiddenSize()),
                        experts.getGateUpProjection()),
                TensorSlot.whole(prefix + "down_proj", new Shape(count, config.hiddenSize(), width),
                        experts.getDownProjection()));
    }

    static String layerPrefix(int layer) {
        return "model.layers." + layer + ".";
    }

    private List<TensorSlot> collect() {
        long hidden = config.hiddenSize();
        Shape vocabulary = new Shape(config.vocabSize(), hidden);
        slots.add(TensorSlot.whole("model.embed_tokens.weight", vocabulary, model.getEmbedding().getWeight()));
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            addLayer(layerPrefix(layer), model.getLayers().get(layer));
        }
        slots.add(TensorSlot.whole("model.norm.weight", new Shape(hidden), model.getFinalNorm().getWeight()));
        if (!config.tieWordEmbeddings()) {
            slots.add(TensorSlot.whole("lm_head.weight", vocabulary, model.getOutputWeight()));
        }
        return List.copyOf(slots);
    }

    private void addLayer(String prefix, DecoderLayer layer) {
        SpAttentionBlock attention = layer.getAttention();
        long hidden = config.hiddenSize();
        long queries = (long) config.numAttentionHeads() * config.headDim();
        long keys = (long) config.numKeyValueHeads() * config.headDim();
        slots.add(norm(prefix + "input_layernorm", hidden, layer.getAttentionNorm().getWeight()));
        addProjection(prefix + "self_attn.q_proj", new Shape(queries, hidden), attention.getQueryProjection());
        addProjection(prefix + "self_attn.k_proj", new Shape(keys, hidden), attention.getKeyProjection());
        addProjection(prefix + "self_attn.v_proj", new Shape(keys, hidden), attention.getValueProjection());
        addProjection(prefix + "self_attn.o_proj", new Shape(hidden, queries), attention.getOutputProjection());
        slots.add(norm(prefix + "self_attn.q_norm", queries, attention.getQueryNorm().getWeight()));
        slots.add(norm(prefix + "self_attn.k_norm", keys, attention.getKeyNorm().getWeight()));
        slots.add(norm(prefix + "post_attention_layernorm", hidden, layer.getExpertsNorm().getWeight()));
        slots.add(TensorSlot.whole(prefix + "mlp.gate.weight", new Shape(config.numExperts(), hidden),
                layer.getExperts().getRouter().getWeight()));
        for (int expert = 0; expert < config.numExperts(); expert++) {
            addExpert(prefix + "mlp.experts." + expert, layer.getExperts().getExperts(), expert);
        }
    }

    private static TensorSlot norm(String name, long size, Parameter weight) {
        return TensorSlot.whole(name + ".weight", new Shape(size), weight);
    }

    private void addProjection(String name, Shape shape, Linear projection) {
        slots.add(TensorSlot.whole(name + ".weight", shape, projection.getDirectParameters().get("weight")));
        if (config.attentionBias()) {
            slots.add(TensorSlot.whole(name + ".bias", new Shape(shape.get(0)), projection.getDirectParameters().get("bias")));
        }
    }

    private void addExpert(String name, Experts experts, int expert) {
        long width = config.intermediateSize();
        Shape inner = new Shape(width, config.hiddenSize());
        Shape outer = new Shape(config.hiddenSize(), width);
        slots.add(new TensorSlot(name + ".gate_proj.weight", inner, experts.getGateUpProjection(), expert, 0));
        slots.add(new TensorSlot(name + ".up_proj.weight", inner, experts.getGateUpProjection(), expert, width));
        slots.add(new TensorSlot(name + ".down_proj.weight", outer, experts.getDownProjection(), expert, 0));
    }
}
