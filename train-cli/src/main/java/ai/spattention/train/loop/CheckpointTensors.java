package ai.spattention.train.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.torch.Bfloat16;
import ai.spattention.train.optim.AdamW;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

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

    /** The moments, by parameter id, in the type in which the optimizer keeps them. */
    static SafetensorsWriter moments(OlmoeModel model, Map<String, AdamW.Moments> state) {
        SafetensorsWriter moments = new SafetensorsWriter();
        for (Pair<String, Parameter> named : model.getParameters()) {
            AdamW.Moments own = state.get(named.getValue().getId());
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
     * @return what reads the moments that there are, by parameter id, in float32, from the file that stays open until then: all of them
     *     at once would take a GPU twice the optimizer's memory
     */
    static Map<String, Supplier<AdamW.Moments>> restore(OlmoeModel model, ParameterValues values, SafetensorsFile weights,
            SafetensorsFile moments, NDManager manager) {
        Map<String, Supplier<AdamW.Moments>> restored = new LinkedHashMap<>();
        for (Pair<String, Parameter> named : model.getParameters()) {
            String name = named.getKey();
            try (NDArray saved = weights.read(manager, name)) {
                values.write(named.getValue(), saved);
            }
            if (moments.names().contains(MEAN + name)) {
                restored.put(named.getValue().getId(), () -> new AdamW.Moments(moments.read(manager, MEAN + name),
                        moments.read(manager, VARIANCE + name)));
            }
        }
        return restored;
    }
}
