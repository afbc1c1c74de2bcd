package ai.spattention.olmoe.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.olmoe.nn.SeededNormal;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.segment.SegmentTape;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The loss in slices against the loss of all logits at once. */
class HeadLossTest {

    private static final int VOCABULARY = 23;
    private static final int MODEL_DIM = 6;
    private static final Shape TOKENS = new Shape(2, 11);

    private static NDArray leaf(NDManager manager, long seed, DataType type, Shape shape) {
        NDArray array = new SeededNormal(seed, 0.8).initialize(manager, shape, type);
        array.setRequiresGradient(true);
        return array;
    }

    private static NDArray targets(NDManager manager) {
        long[] targets = new long[(int) TOKENS.size()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = i % 4 == 1 ? LanguageModelLoss.NO_TARGET : i * 7 % VOCABULARY;
        }
        return manager.create(targets, TOKENS);
    }

    /** One token a slice, slices that do not divide the tokens, and all in one. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 22, 100})
    void slicesGiveTheLossAndGradientsOfTheWhole(int slice) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray hidden = leaf(manager, 1, DataType.FLOAT64, TOKENS.add(MODEL_DIM));
            NDArray weight = leaf(manager, 2, DataType.FLOAT64, new Shape(VOCABULARY, MODEL_DIM));
            HeadLoss head = new HeadLoss(targets(manager));
            double expected;
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray loss = head.differentiable(new NDList(hidden, weight)).singletonOrThrow();
                collector.backward(loss.mul(loss)); // what arrives is not 1
                expected = loss.getDouble();
            }
            ExplicitPart.Forward forward = head.forward(new NDList(hidden, weight), slice);
            assertEquals(expected, forward.outputs().singletonOrThrow().getDouble(), 1e-12);
            NDArray arrives = forward.outputs().singletonOrThrow().mul(2);
            NDArray[] gradients = head.backward(new NDList(hidden, weight), forward.kept(), new NDArray[] {arrives});
            assertTrue(gradients[0].sub(hidden.getGradient()).abs().max().getDouble() < 1e-12);
            assertTrue(gradients[1].sub(weight.getGradient()).abs().max().getDouble() < 1e-12);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bfloat16IsClose(boolean segmented) {
        try (NDManager manager = NDManager.newBaseManager(); SegmentTape tape = new SegmentTape(manager)) {
            NDArray hidden = leaf(manager, 1, DataType.FLOAT32, TOKENS.add(MODEL_DIM));
            NDArray weight = leaf(manager, 2, DataType.FLOAT32, new Shape(VOCABULARY, MODEL_DIM));
            HeadLoss head = new HeadLoss(targets(manager));
            float expected = head.differentiable(new NDList(hidden, weight)).singletonOrThrow().getFloat();
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                collector.backward(head.differentiable(new NDList(hidden, weight)).singletonOrThrow());
            }
            NDArray exact = weight.getGradient().duplicate();
            weight.getGradient().subi(exact);
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDList inputs = new NDList(Bfloat16.of(hidden), weight);
                NDArray loss = (segmented ? tape.run("loss", head, inputs) : head.differentiable(inputs)).singletonOrThrow();
                assertEquals(DataType.FLOAT32, loss.getDataType());
                assertEquals(expected, loss.getFloat(), 0.01 * expected);
                collector.backward(loss);
                tape.backward();
            }
            assertTrue(weight.getGradient().sub(exact).norm().getFloat() < 0.02 * exact.norm().getFloat());
        }
    }
}
