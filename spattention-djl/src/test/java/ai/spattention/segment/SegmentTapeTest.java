package ai.spattention.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.torch.Bfloat16;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A residual network of three layers, x + (x W1)³ W2, trained in segments and in one graph. */
class SegmentTapeTest {

    private static final int LAYERS = 3;

    private NDManager manager;
    private NDArray input;
    private final List<NDArray> weights = new ArrayList<>();
    private int cubesComputed;

    @BeforeEach
    void create() {
        manager = NDManager.newBaseManager();
        input = random(new Shape(5, 8));
        for (int i = 0; i < 2 * LAYERS; i++) {
            NDArray weight = random(new Shape(8, 8));
            weight.setRequiresGradient(true);
            weights.add(weight);
        }
    }

    private NDArray random(Shape shape) {
        return manager.randomUniform(-0.5f, 0.5f, shape).toType(DataType.FLOAT64, true);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** u³, with a backward pass of its own and with the engine's. */
    private final class Cube implements ExplicitPart {

        @Override
        public Forward forward(NDList inputs) {
            cubesComputed++;
            NDArray u = inputs.singletonOrThrow();
            NDArray square = u.square();
            return new Forward(new NDList(square.mul(u)), new NDList(square));
        }

        @Override
        public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
            return new NDArray[] {gradients[0].mul(kept.singletonOrThrow()).mul(3)};
        }

        @Override
        public NDList differentiable(NDList inputs) {
            NDArray u = inputs.singletonOrThrow();
            return new NDList(u.mul(u).mul(u));
        }
    }

    private NDList layer(Segments segments, NDList inputs, int layer) {
        NDArray x = inputs.singletonOrThrow();
        NDList u = segments.run("part", (inner, in) -> new NDList(in.get(0).matMul(weights.get(2 * layer))), new NDList(x));
        NDArray cube = segments.run("part", new Cube(), u).singletonOrThrow();
        return segments.run("part", (inner, in) -> new NDList(in.get(0).add(in.get(1).matMul(weights.get(2 * layer + 1)))),
                new NDList(x, cube));
    }

    private NDArray loss(Segments segments, boolean again) {
        NDArray x = input;
        for (int i = 0; i < LAYERS; i++) {
            int layer = i;
            Segments.Part part = (inner, in) -> layer(inner, in, layer);
            NDList in = new NDList(x);
            x = (again ? segments.runAgainLater(part, in) : layer(segments, in, layer)).singletonOrThrow();
        }
        return x.square().sum();
    }

    private List<double[]> inOneGraph() {
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            collector.backward(loss(Segments.engine(), false));
        }
        return gradients();
    }

    private List<double[]> inSegments(boolean again) {
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector();
                SegmentTape tape = new SegmentTape(manager)) {
            collector.backward(loss(tape, again));
            tape.backward();
        }
        return gradients();
    }

    private static void assertSame(List<double[]> expected, List<double[]> actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), 1e-12, "weight " + i);
            assertTrue(Math.abs(expected.get(i)[0]) > 1e-9, "a gradient of zero would prove nothing");
        }
    }

    @Test
    void segmentsGiveTheGradientsOfOneGraph() {
        assertSame(inOneGraph(), inSegments(false));
        assertEquals(LAYERS, cubesComputed);
    }

    @Test
    void partsThatAreComputedAgainGiveTheSameGradients() {
        assertSame(inOneGraph(), inSegments(true));
        assertEquals(2 * LAYERS, cubesComputed);
    }

    @Test
    void gradientsAddUpOverPasses() {
        List<double[]> once = inOneGraph();
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            for (int pass = 0; pass < 2; pass++) {
                try (SegmentTape tape = new SegmentTape(manager)) {
                    collector.backward(loss(tape, false));
                    tape.backward();
                }
            }
        }
        List<double[]> twice = gradients();
        for (int i = 0; i < once.size(); i++) {
            for (int j = 0; j < once.get(i).length; j++) {
                assertEquals(2 * once.get(i)[j], twice.get(i)[j], 1e-12);
            }
        }
    }

    /** An explicit part trains parameters among its inputs, also when its gradient has another type. */
    @Test
    void explicitPartsTrainParameters() {
        NDArray weight = manager.ones(new Shape(3)).duplicate();
        weight.setRequiresGradient(true);
        ExplicitPart scaled = new ExplicitPart() {
            @Override
            public Forward forward(NDList inputs) {
                return new Forward(new NDList(inputs.get(0).mul(inputs.get(1))), new NDList());
            }

            @Override
            public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
                return new NDArray[] {null, Bfloat16.of(gradients[0].mul(inputs.get(0)))};
            }

            @Override
            public NDList differentiable(NDList inputs) {
                throw new AssertionError("not used on a tape");
            }
        };
        NDArray x = manager.create(new float[] {1, 2, 3});
        for (int pass = 1; pass <= 2; pass++) {
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector();
                    SegmentTape tape = new SegmentTape(manager)) {
                NDArray y = tape.run("part", scaled, new NDList(x, weight)).singletonOrThrow();
                collector.backward(y.sum());
                tape.backward();
            }
            assertArrayEquals(new float[] {pass, 2 * pass, 3 * pass}, weight.getGradient().toFloatArray());
        }
    }

    /** A part's whole numbers cross a cut as they are, and a result that nobody uses receives nothing. */
    @Test
    void wholeNumbersAndUnusedResultsCrossACut() {
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector();
                SegmentTape tape = new SegmentTape(manager)) {
            NDList results = tape.run("part", (inner, in) -> new NDList(in.get(0).matMul(weights.get(0)),
                    in.get(0).matMul(weights.get(1)), manager.create(new long[] {7}).duplicate()), new NDList(input));
            assertArrayEquals(new long[] {7}, results.get(2).toLongArray());
            collector.backward(results.get(0).sum());
            tape.backward();
        }
        assertTrue(weights.get(0).getGradient().abs().sum().getDouble() > 0);
        assertEquals(0, weights.get(1).getGradient().abs().sum().getFloat());
    }

    /** A caller may close what it was given before the backward pass, as blocks do. */
    @Test
    void closedHandlesAreKeptAlive() {
        List<double[]> expected = inOneGraph();
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector();
                SegmentTape tape = new SegmentTape(manager)) {
            NDArray x = input.duplicate();
            for (int i = 0; i < LAYERS; i++) {
                NDArray next = layer(tape, new NDList(x), i).singletonOrThrow();
                x.close();
                x = next;
            }
            NDArray loss = x.square().sum();
            x.close();
            collector.backward(loss);
            tape.backward();
        }
        assertSame(expected, gradients());
    }

    @Test
    void inferenceKeepsNothing() {
        NDArray result = layer(Segments.inference(), new NDList(input), 0).singletonOrThrow();
        assertEquals(1, cubesComputed);
        assertThrows(RuntimeException.class, () -> {
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                collector.backward(result.sum());
            }
        });
    }

    private List<double[]> gradients() {
        List<double[]> found = new ArrayList<>();
        for (NDArray weight : weights) {
            NDArray gradient = weight.getGradient();
            found.add(gradient.toDoubleArray());
            gradient.subi(gradient.duplicate());
        }
        return found;
    }
}
