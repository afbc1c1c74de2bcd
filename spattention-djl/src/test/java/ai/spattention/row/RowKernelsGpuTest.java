package ai.spattention.row;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.Precision;
import ai.spattention.RmsNorm;
import ai.spattention.SpAttentionBlock;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.SegmentTape;
import ai.spattention.segment.Segments;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The row kernels against the engine's operations, values and gradients, on a GPU. */
class RowKernelsGpuTest {

    private NDManager manager;

    @BeforeEach
    void needsAGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
        manager = NDManager.newBaseManager(Device.gpu(), "PyTorch");
    }

    @AfterEach
    void close() {
        if (manager != null) {
            manager.close();
        }
    }

    private NDArray random(Shape shape) {
        NDArray array = manager.randomNormal(shape);
        array.setRequiresGradient(true);
        return array;
    }

    /** The results, and the gradients of the leaves of Σ results · direction, in float32. */
    private NDList differentiate(List<NDArray> leaves, Segments segments, BiFunction<Segments, List<NDArray>, NDList> f) {
        NDList found = new NDList();
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDList results = f.apply(segments, leaves);
            NDArray loss = null;
            for (NDArray result : results) {
                NDArray exact = Bfloat16.toFloat32(result);
                NDArray direction = manager.arange((float) exact.size()).mul(0.37f).sin().reshape(exact.getShape());
                NDArray term = exact.mul(direction).sum();
                loss = loss == null ? term : loss.add(term);
                found.add(exact.stopGradient());
            }
            collector.backward(loss);
            if (segments instanceof SegmentTape tape) {
                tape.backward();
            }
        }
        for (NDArray leaf : leaves) {
            found.add(leaf.getGradient().duplicate());
            leaf.getGradient().subi(leaf.getGradient().duplicate());
        }
        return found;
    }

    private void compare(List<NDArray> leaves, double tolerance, BiFunction<Segments, List<NDArray>, NDList> f) {
        NDList expected = differentiate(leaves, Segments.engine(), f);
        NDList first;
        try (SegmentTape tape = new SegmentTape(manager)) {
            first = differentiate(leaves, tape, f);
        }
        NDList again;
        try (SegmentTape tape = new SegmentTape(manager)) {
            again = differentiate(leaves, tape, f);
        }
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).getShape(), first.get(i).getShape());
            double norm = expected.get(i).norm().getFloat();
            double difference = first.get(i).sub(expected.get(i)).norm().getFloat();
            assertTrue(norm > 0 && difference <= tolerance * norm, "array " + i + " differs by " + difference + " of " + norm);
            assertArrayEquals(first.get(i).toFloatArray(), again.get(i).toFloatArray(), "the same twice");
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "3, 48", "7, 1024", "1500, 1040", "33, 2048", "5, 4096"})
    void norms(int rows, int size) {
        RmsNorm norm = new RmsNorm(1e-5f, Precision.BFLOAT16);
        norm.setInitializer((m, shape, type) -> m.arange((float) shape.size()).mul(0.01f).add(0.5f), p -> true);
        norm.initialize(manager, DataType.FLOAT32, new Shape(rows, size));
        ParameterStore store = new ParameterStore(manager, false);
        NDArray x = random(new Shape(rows, size));
        NDArray branch = random(new Shape(rows, size));
        assertTrue(RowKernels.servesNorm(x));
        NDArray weight = norm.getWeight().getArray();
        compare(List.of(x, weight), 6e-3, (segments, leaves) -> new NDList(norm.apply(store, segments, leaves.get(0), true)));
        compare(List.of(x, branch, weight), 6e-3, (segments, leaves) ->
                norm.addAndApply(store, segments, leaves.get(0), segments.run("cast", (inner, in) ->
                        new NDList(Bfloat16.of(in.head())), new NDList(leaves.get(1))).singletonOrThrow(), true));
    }

    /** Queries and keys in the attention block: norm over all heads, rotation, grouped heads. */
    @ParameterizedTest
    @CsvSource({"1, 2, 2, 64", "2, 4, 2, 64", "3, 8, 8, 128", "2, 16, 4, 128"})
    void rotations(int batch, int heads, int kvHeads, int headDim) {
        int length = 37;
        SpAttentionBlock block = SpAttentionBlock.builder().setModelDim(64).setNumHeads(heads).optNumKvHeads(kvHeads)
                .optHeadDim(headDim).setPattern(StandardPattern.SP).optRotaryEmbedding(1e4).optQueryKeyNorm(1e-5f)
                .optPrecision(Precision.BFLOAT16).build();
        int[] draws = {0};
        block.setInitializer((m, shape, type) -> m.arange((float) shape.size()).add(10 * draws[0]++).mul(1.7f).sin().mul(0.3f)
                .reshape(shape), p -> true);
        block.initialize(manager, DataType.FLOAT32, new Shape(batch, length, 64));
        ParameterStore store = new ParameterStore(manager, false);
        NDArray x = random(new Shape(batch, length, 64));
        List<NDArray> leaves = List.of(x, block.getQueryNorm().getWeight().getArray(), block.getKeyNorm().getWeight().getArray(),
                block.getQueryProjection().getDirectParameters().get("weight").getArray());
        compare(leaves, 3e-2, (segments, in) -> new NDList(block.attend(store, segments, in.get(0), null, true)));
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "5, 512", "300, 1024", "17, 1040"})
    void gates(int rows, int size) {
        NDArray both = Bfloat16.of(manager.randomNormal(new Shape(rows, 2L * size)));
        NDArray weights = manager.randomUniform(0.1f, 1f, new Shape(rows));
        NDArray gradient = Bfloat16.of(manager.randomNormal(new Shape(rows, size)));
        NDArray exact = Bfloat16.toFloat32(both).duplicate();
        exact.setRequiresGradient(true);
        weights.setRequiresGradient(true);
        NDArray expected;
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDList halves = exact.split(2, 1);
            NDArray gate = halves.get(0);
            NDArray inner = gate.mul(gate.neg().exp().add(1).pow(-1)).mul(halves.get(1)).mul(weights.expandDims(1));
            expected = inner.stopGradient();
            collector.backward(inner.mul(Bfloat16.toFloat32(gradient)).sum());
        }
        assertClose(expected, RowKernels.gateForward(both, weights), 5e-3);
        NDList found = RowKernels.gateBackward(both, weights, gradient);
        assertClose(expected, found.get(0), 5e-3);
        assertClose(exact.getGradient(), found.get(1), 5e-3);
        assertClose(weights.getGradient(), found.get(2), 5e-3);
    }

    private static void assertClose(NDArray expected, NDArray actual, double tolerance) {
        double norm = expected.norm().getFloat();
        double difference = Bfloat16.toFloat32(actual).sub(expected).norm().getFloat();
        assertTrue(norm > 0 && difference <= tolerance * norm, "differs by " + difference + " of " + norm);
    }
}
