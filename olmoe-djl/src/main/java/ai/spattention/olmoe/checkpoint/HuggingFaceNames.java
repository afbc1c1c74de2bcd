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
import java.util.Map;

/** The names that Hugging Face's OLMoE checkpoints give to a model's parameters. */
public final class HuggingFaceNames {

    private final OlmoeModel model;
    private final OlmoeConfig config;
    private final Map<String, long[]> shapes;
    private final List<TensorSlot> slots = new ArrayList<>();

    private HuggingFaceNames(OlmoeModel model) {
        this.model = model;
        config = model.getConfig();
        shapes = config.tensorShapes();
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
        add("model.embed_tokens.weight", model.getEmbedding().getWeight());
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            addLayer(layerPrefix(layer), model.getLayers().get(layer));
        }
        add("model.norm.weight", model.getFinalNorm().getWeight());
        if (!config.tieWordEmbeddings()) {
            add("lm_head.weight", model.getOutputWeight());
        }
        return List.copyOf(slots);
    }

    private void addLayer(String prefix, DecoderLayer layer) {
        SpAttentionBlock attention = layer.getAttention();
        add(prefix + "input_layernorm.weight", layer.getAttentionNorm().getWeight());
        addProjection(prefix + "self_attn.q_proj", attention.getQueryProjection());
        if (attention.getKeyProjection() != null) {
            addProjection(prefix + "self_attn.k_proj", attention.getKeyProjection());
        }
        addProjection(prefix + "self_attn.v_proj", attention.getValueProjection());
        addProjection(prefix + "self_attn.o_proj", attention.getOutputProjection());
        add(prefix + "self_attn.q_norm.weight", attention.getQueryNorm().getWeight());
        if (attention.getKeyNorm() != null) {
            add(prefix + "self_attn.k_norm.weight", attention.getKeyNorm().getWeight());
        }
        add(prefix + "post_attention_layernorm.weight", layer.getExpertsNorm().getWeight());
        add(prefix + "mlp.gate.weight", layer.getExperts().getRouter().getWeight());
        for (int expert = 0; expert < config.numExperts(); expert++) {
            addExpert(prefix + "mlp.experts." + expert, layer.getExperts().getExperts(), expert);
        }
    }

    private void addProjection(String name, Linear projection) {
        add(name + ".weight", projection.getDirectParameters().get("weight"));
        if (config.attentionBias()) {
            add(name + ".bias", projection.getDirectParameters().get("bias"));
        }
    }

    private void addExpert(String name, Experts experts, int expert) {
        addRows(name + ".gate_proj.weight", experts.getGateUpProjection(), expert, 0);
        addRows(name + ".up_proj.weight", experts.getGateUpProjection(), expert, config.intermediateSize());
        addRows(name + ".down_proj.weight", experts.getDownProjection(), expert, 0);
    }

    private void add(String name, Parameter parameter) {
        slots.add(TensorSlot.whole(name, new Shape(shapes.get(name)), parameter));
    }

    private void addRows(String name, Parameter stacked, int expert, int firstRow) {
        slots.add(new TensorSlot(name, new Shape(shapes.get(name)), stacked, expert, firstRow));
    }
}
