package ai.spattention.train.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.torch.Bfloat16;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a checkpoint holds of a model and its optimizer, by the parameters' names: the same files whichever way passes run. */
final class CheckpointTensors {

    private static final String MEAN = "mean/";
    private static final String VARIANCE = "variance/";

    private CheckpointTensors() {}

    /** The exact weights. */
    static SafetensorsWriter weights(OlmoeModel model, ParameterValues values) {
        SafetensorsWriter weights = new SafetensorsWriter();
        for (Pair<String, Parameter> named : model.getParameters()) {
            weights.add(named.getKey(), TensorType.F32, named.getValue().getShape(), () -> values.read(named.getValue()));
        }
        return weights;
    }

    /** The moments, in the type in which the optimizer keeps them. */
    static SafetensorsWriter moments(OlmoeModel model, List<MomentSlice> state) {
        Map<String, AdamW.Moments> byId = state.stream().collect(Collectors.toMap(MomentSlice::parameterId, MomentSlice::moments));
        SafetensorsWriter moments = new SafetensorsWriter();
        for (Pair<String, Parameter> named : model.getParameters()) {
            AdamW.Moments own = byId.get(named.getValue().getId());
            if (own != null) {
                add(moments, MEAN + named.getKey(), own.mean());
                add(moments, VARIANCE + named.getKey(), own.variance());
            }
        }
        return moments;
    }

    private static void add(SafetensorsWriter moments, String name, NDArray moment) {
        if (Bfloat16.is(moment)) {
            moments.add(name, TensorType.BF16, moment.getShape(), () -> Bfloat16.toFloat32(moment));
        } else {
            moments.add(name, moment);
        }
    }

    /**
     * Sets the weights.
     *
     * @return what reads the moments from the file, which stays open until then
     */
    static SavedMoments restore(OlmoeModel model, ParameterValues values, SafetensorsFile weights, SafetensorsFile moments,
            NDManager manager) {
        Map<String, String> names = new HashMap<>();
        for (Pair<String, Parameter> named : model.getParameters()) {
            names.put(named.getValue().getId(), named.getKey());
            try (NDArray saved = weights.read(manager, named.getKey())) {
                values.write(named.getValue(), saved);
            }
        }
        return (parameterId, begin, end) -> {
            String name = names.get(parameterId);
            return moments.names().contains(MEAN + name) ? Optional.of(new AdamW.Moments(
                    part(moments.read(manager, MEAN + name), begin, end), part(moments.read(manager, VARIANCE + name), begin, end)))
                    : Optional.empty();
        };
    }

    private static NDArray part(NDArray all, long begin, long end) {
        try (all; NDArray flat = all.reshape(all.size())) {
            return flat.get(new NDIndex("{}:{}", begin, end));
        }
    }
}
