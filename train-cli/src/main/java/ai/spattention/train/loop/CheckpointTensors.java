package ai.spattention.train.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.util.Pair;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.torch.Bfloat16;
import ai.spattention.train.checkpoint.RankSlices;
import ai.spattention.train.checkpoint.SlicedTensors;
import ai.spattention.train.checkpoint.TensorSlice;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a checkpoint holds of a model and its optimizer, by the parameters' names: the same tensors whichever way passes run and however many
 * ranks there are. Each rank writes a part of them; any number of ranks reads what it needs.
 */
final class CheckpointTensors {

    private static final String MEAN = "mean/";
    private static final String VARIANCE = "variance/";

    private CheckpointTensors() {}

    /** A rank's part of the exact weights, which all ranks have. */
    static SafetensorsWriter weights(OlmoeModel model, ParameterValues values, Collectives ranks) {
        SafetensorsWriter weights = new SafetensorsWriter();
        ParameterList parameters = model.getParameters();
        for (TensorSlice slice : cut(parameters, ranks)) {
            Parameter parameter = parameters.get(slice.name());
            slice.addTo(weights, TensorType.F32, () -> {
                try (NDArray exact = values.read(parameter)) {
                    return part(exact, slice.begin(), slice.end());
                }
            });
        }
        return weights;
    }

    /**
     * A rank's part of the moments, in the type in which the optimizer keeps them: what it alone has, or of what all have its part.
     *
     * @param state what the rank's optimizer has
     */
    static SafetensorsWriter moments(OlmoeModel model, List<MomentSlice> state, Collectives ranks) {
        long had = state.stream().mapToLong(own -> own.end() - own.begin()).sum();
        ParameterList parameters = model.getParameters();
        long elements = parameters.values().stream().mapToLong(parameter -> parameter.getShape().size()).sum();
        boolean isReplicated = ranks.sum(had)[0] > elements;
        Map<String, List<MomentSlice>> byId = state.stream().collect(Collectors.groupingBy(MomentSlice::parameterId));
        SafetensorsWriter moments = new SafetensorsWriter();
        if (isReplicated) {
            for (TensorSlice slice : cut(parameters, ranks)) {
                byId.getOrDefault(parameters.get(slice.name()).getId(), List.of()).forEach(own -> add(moments, slice, own));
            }
        } else {
            for (Pair<String, Parameter> named : parameters) {
                Shape shape = named.getValue().getShape();
                byId.getOrDefault(named.getValue().getId(), List.of()).forEach(own ->
                        add(moments, new TensorSlice(named.getKey(), shape, own.begin(), own.end()), own));
            }
        }
        return moments;
    }

    /** A rank's part of all parameters. */
    private static List<TensorSlice> cut(ParameterList parameters, Collectives ranks) {
        long[] sizes = parameters.values().stream().mapToLong(parameter -> parameter.getShape().size()).toArray();
        return RankSlices.of(sizes, ranks.rank(), ranks.size()).stream().map(slice -> {
            Pair<String, Parameter> named = parameters.get(slice.index());
            return new TensorSlice(named.getKey(), named.getValue().getShape(), slice.begin(), slice.end());
        }).toList();
    }

    /** Adds what a slice of a parameter has in common with one of its moments. */
    private static void add(SafetensorsWriter moments, TensorSlice wanted, MomentSlice own) {
        long begin = Math.max(wanted.begin(), own.begin());
        long end = Math.min(wanted.end(), own.end());
        if (begin < end) {
            add(moments, new TensorSlice(MEAN + wanted.name(), wanted.shape(), begin, end), own.moments().mean(), own.begin());
            add(moments, new TensorSlice(VARIANCE + wanted.name(), wanted.shape(), begin, end), own.moments().variance(), own.begin());
        }
    }

    private static void add(SafetensorsWriter moments, TensorSlice slice, NDArray moment, long first) {
        boolean isHalf = Bfloat16.is(moment);
        slice.addTo(moments, isHalf ? TensorType.BF16 : TensorType.F32, () -> {
            NDArray part = part(moment, slice.begin() - first, slice.end() - first);
            if (!isHalf) {
                return part;
            }
            try (part) {
                return Bfloat16.toFloat32(part);
            }
        });
    }

    /** A view of some of an array's elements. */
    private static NDArray part(NDArray array, long begin, long end) {
        try (NDArray flat = array.reshape(array.size())) {
            return flat.get(new NDIndex("{}:{}", begin, end));
        }
    }

    /** Sets the weights: all of them, on each rank. */
    static void restore(OlmoeModel model, ParameterValues values, SlicedTensors weights, NDManager manager) {
        for (Pair<String, Parameter> named : model.getParameters()) {
            try (NDArray saved = weights.read(manager, named.getKey(), named.getValue().getShape())) {
                values.write(named.getValue(), saved);
            }
        }
    }

    /** The moments that files hold, which stay open while they are read. */
    static SavedMoments saved(OlmoeModel model, SlicedTensors moments, NDManager manager) {
        Map<String, String> names = new HashMap<>();
        model.getParameters().forEach(named -> names.put(named.getValue().getId(), named.getKey()));
        return (parameterId, begin, end) -> {
            String name = names.get(parameterId);
            return moments.contains(MEAN + name) ? Optional.of(new AdamW.Moments(
                    moments.read(manager, MEAN + name, begin, end), moments.read(manager, VARIANCE + name, begin, end)))
                    : Optional.empty();
        };
    }
}
