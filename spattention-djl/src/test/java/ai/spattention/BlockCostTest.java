package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.attention.engine.DenseKernel;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a training step with the block asks of libtorch besides attention itself: the products, and no pass over memory more. */
class BlockCostTest {

    private static final Pattern OPERATOR = Pattern.compile("\"name\": \"aten::(\\w+)\"");

    @TempDir
    private Path folder;

    @Test
    void thereIsNothingButProductsAndSums() throws IOException {
        SpAttentionBlock block = SpAttentionBlock.builder().setModelDim(16).setNumHeads(4).setPattern(StandardPattern.CAUSAL)
                .optBias(true).optKernel(new DenseKernel()).build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray x = manager.randomNormal(new Shape(2, 6, 16));
            NDArray gradient = manager.randomNormal(x.getShape());
            x.setRequiresGradient(true);
            block.initialize(manager, DataType.FLOAT32, x.getShape());
            Map<String, Integer> counts = step(manager, block, x, gradient);
            assertEquals(4, counts.get("addmm"), "four projections, the bias added within");
            assertEquals(8, counts.get("mm"), "the gradients of what goes into each and of its weight");
            assertEquals(4, counts.get("sum"), "the gradients of the biases");
            assertEquals(4, counts.get("copy_"), "on a CPU, a product's result begins as its bias");
            assertNull(counts.get("clone"), "arrays are taken as they lie");
            assertNull(counts.get("cat"));
            assertEquals(2, counts.get("add_") + counts.getOrDefault("add", 0), "the input went into three projections");
        }
    }

    /** How often each operator runs in a forward and a backward pass. */
    private Map<String, Integer> step(NDManager manager, SpAttentionBlock block, NDArray x, NDArray gradient) throws IOException {
        Path profile = folder.resolve("profile.json");
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            JniUtils.startProfile(false, false, false);
            NDArray output = block.forward(new ParameterStore(manager, false), new NDList(x), true).singletonOrThrow();
            JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
            JniUtils.stopProfile(profile.toString());
        }
        Map<String, Integer> counts = new TreeMap<>();
        Matcher operators = OPERATOR.matcher(Files.readString(profile));
        while (operators.find()) {
            counts.merge(operators.group(1), 1, Integer::sum);
        }
        return counts;
    }
}
