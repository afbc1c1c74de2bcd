package ai.spattention.train.info;

import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.ModelFlops;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.safetensors.TensorFolder;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** What a model is. */
final class ModelInfo {

    private ModelInfo() {}

    static ObjectNode of(Path folder) throws IOException {
        OlmoeConfig model = ConfigJson.read(folder.resolve("config.json"));
        ObjectNode info = JsonNodeFactory.instance.objectNode().put("kind", "model").put("path", folder.toString());
        info.setAll(sizes(model));
        info.set("special_tokens", specialTokens(SpecialTokens.read(folder)));
        try (TensorFolder tensors = TensorFolder.open(folder)) {
            info.put("dtype", tensors.names().stream().map(name -> tensors.info(name).type().name()).distinct().sorted()
                    .collect(Collectors.joining(", ")));
            info.put("tensors", tensors.names().size());
            info.put("shards", tensors.files().size());
            long bytes = 0;
            for (Path file : tensors.files()) {
                bytes += Files.size(file);
            }
            info.put("size_bytes", bytes);
        }
        ObjectNode flops = info.putObject("flops_per_token");
        flops.put("length", model.maxPositionEmbeddings());
        flops.put("forward", Math.round(ModelFlops.forwardPerToken(model, model.maxPositionEmbeddings())));
        flops.put("training", Math.round(ModelFlops.trainingPerToken(model, model.maxPositionEmbeddings())));
        return info;
    }

    private static ObjectNode specialTokens(SpecialTokens special) {
        ObjectNode info = JsonNodeFactory.instance.objectNode();
        info.set("bos", token(special.bos()));
        info.set("eos", token(special.eos()));
        info.set("pad", token(special.pad()));
        ArrayNode ends = info.putArray("ends_generation");
        special.ends().forEach(end -> ends.add(end.id()));
        if (!ends.isEmpty()) {
            info.put("ends_from", special.ends().get(0).source());
        }
        return info;
    }

    private static ObjectNode token(SpecialToken token) {
        return token == null ? null : JsonNodeFactory.instance.objectNode().put("id", token.id()).put("text", token.text())
                .put("from", token.source());
    }

    /** The sizes and the attention, by the configuration alone. */
    static ObjectNode sizes(OlmoeConfig model) {
        ObjectNode info = JsonNodeFactory.instance.objectNode();
        info.put("parameters", model.totalParams());
        info.put("active_parameters", model.activeParams());
        info.put("layers", model.numHiddenLayers());
        info.put("hidden_size", model.hiddenSize());
        info.put("heads", model.numAttentionHeads());
        info.put("key_value_heads", model.numKeyValueHeads());
        info.put("head_dimension", model.headDim());
        info.put("experts", model.numExperts());
        info.put("experts_per_token", model.numExpertsPerTok());
        info.put("expert_width", model.intermediateSize());
        info.put("vocabulary", model.vocabSize());
        info.put("longest_sequence", model.maxPositionEmbeddings());
        info.put("attention_pattern", model.patterns().toString());
        info.put("layout_length", model.layoutLength().toString());
        return info;
    }
}
