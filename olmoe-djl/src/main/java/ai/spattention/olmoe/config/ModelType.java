package ai.spattention.olmoe.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;

/**
 * What a {@code config.json} calls its model, so that no other program computes another attention than the model was trained with.
 */
public enum ModelType {

    /** OLMoE as transformers knows it: dense causal attention in every layer. */
    OLMOE("olmoe", "OlmoeForCausalLM"),

    /**
     * OLMoE with another attention. transformers does not know it and takes it only by the code that lies beside the weights, which the
     * user has to trust; others refuse it.
     */
    SPATTENTION("spattention_olmoe", "SpAttentionOlmoeForCausalLM");

    /** The Python file by which transformers computes {@link #SPATTENTION}. */
    public static final String CODE_FILE = "modeling_spattention.py";

    private static final String CODE = "modeling_spattention.";
    private static final String CONFIG_CLASS = "SpAttentionOlmoeConfig";
    private static final String ATTENTION = "spattention";

    private final String typeName;
    private final String architecture;

    ModelType(String typeName, String architecture) {
        this.typeName = typeName;
        this.architecture = architecture;
    }

    /**
     * The type of a model.
     *
     * @param config its configuration
     * @return {@link #OLMOE} if it is dense and causal in every layer
     */
    public static ModelType of(OlmoeConfig config) {
        return config.patterns().isCausal() ? OLMOE : SPATTENTION;
    }

    /**
     * What {@code model_type} may be. Models with other attention were called {@code olmoe}, too, and are read as what they are.
     *
     * @return the names
     */
    public static List<String> names() {
        return Arrays.stream(values()).map(type -> type.typeName).toList();
    }

    /** Names the model in its file. */
    void writeTo(ObjectNode root) {
        root.putArray("architectures").add(architecture);
        root.put("model_type", typeName);
        if (this == SPATTENTION) {
            root.putObject("auto_map").put("AutoConfig", CODE + CONFIG_CLASS).put("AutoModelForCausalLM", CODE + architecture);
            root.put("attn_implementation", ATTENTION); // transformers' own classes know no such attention, and refuse
        }
    }
}
