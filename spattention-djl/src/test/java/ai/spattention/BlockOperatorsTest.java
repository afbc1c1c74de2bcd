package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The blocks' operators against plain NDArray operations, values and gradients. */
class BlockOperatorsTest {

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray random(DataType type, long... shape) {
        NDArray array = manager.randomUniform(-2, 2, new Shape(shape)).toType(type, true);
        array.setRequiresGradient(true);
        return array;
    }

    /** The result and the gradient of Σ f(x) · direction. */
    private NDList differentiate(NDArray x, UnaryOperator<NDArray> f) {
        NDArray result;
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray y = f.apply(x);
            NDArray exact = Bfloat16.is(y) ? Bfloat16.toFloat32(y) : y;
            NDArray direction = manager.arange(exact.size()).toType(exact.getDataType(), true).mul(0.1).cos().reshape(exact.getShape());
            collector.backward(exact.mul(direction).sum());
            result = exact.stopGradient();
        }
        NDArray gradient = x.getGradient().duplicate();
        x.getGradient().subi(x.getGradient().duplicate());
        return new NDList(result, gradient);
    }

    private static void assertClose(NDList expected, NDList actual, double tolerance) {
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).getShape(), actual.get(i).getShape());
            NDArray exact = expected.get(i).toType(DataType.FLOAT64, true);
            double norm = exact.norm().getDouble();
            double difference = exact.sub(actual.get(i).toType(DataType.FLOAT64, true)).norm().getDouble();
            assertTrue(norm > 0 && difference <= tolerance * norm, "array " + i + " differs by " + difference + " of " + norm);
        }
    }

    private static NDArray plainNorm(NDArray x, NDArray weight, float epsilon) {
        return x.div(x.mul(x).mean(new int[] {-1}, true).add(epsilon).sqrt()).mul(weight);
    }

    @Test
    void normalisesByTheRootOfTheMeanSquare() {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            NDArray x = random(type, 3, 5, 14);
            NDArray weight = manager.arange(1f, 15f).div(7).toType(type, true);
            NDList expected = differentiate(x, y -> plainNorm(y, weight, 1e-2f));
            assertClose(expected, differentiate(x, y -> BlockOperators.rmsNorm(y, weight, 1e-2f, Precision.FLOAT32)), 1e-6);
        }
    }

    @Test
    void normalisesIntoBfloat16() {
        NDArray x = random(DataType.FLOAT32, 3, 5, 14);
        NDArray weight = manager.arange(1f, 15f).div(7).duplicate();
        NDList expected = differentiate(x, y -> plainNorm(y, weight, 1e-2f));
        assertTrue(Bfloat16.is(BlockOperators.rmsNorm(x, weight, 1e-2f, Precision.BFLOAT16)));
        assertClose(expected, differentiate(x, y -> BlockOperators.rmsNorm(y, weight, 1e-2f, Precision.BFLOAT16)), 6e-3);
        assertClose(expected, differentiate(x,
                y -> BlockOperators.rmsNorm(Bfloat16.of(y), weight, 1e-2f, Precision.BFLOAT16)), 1e-2);
    }

    /** The pair (x[i], x[i + D/2]) at position p, turned by p · theta^(-2i/D), a number at a time. */
    @Test
    void turnsPairsByTheirPositions() {
        int length = 7;
        int headDim = 6;
        NDArray x = random(DataType.FLOAT64, 2, length, headDim);
        RotaryEmbedding rotary = new RotaryEmbedding(headDim, 100);
        rotary.apply(x, 0); // a short table first, which must grow
        double[] values = x.toDoubleArray();
        double[] turned = rotary.apply(x, 5).toDoubleArray();
        for (int row = 0; row < 2 * length; row++) {
            for (int i = 0; i < headDim / 2; i++) {
                double angle = (5 + row % length) * Math.pow(100, -2.0 * i / headDim);
                double low = values[row * headDim + i];
                double high = values[row * headDim + i + headDim / 2];
                assertEquals(low * Math.cos(angle) - high * Math.sin(angle), turned[row * headDim + i], 1e-6);
                assertEquals(high * Math.cos(angle) + low * Math.sin(angle), turned[row * headDim + i + headDim / 2], 1e-6);
            }
        }
    }

    /** A rotation's gradient is the rotation back. */
    @Test
    void aRotationsGradientTurnsBack() {
        NDArray x = random(DataType.FLOAT64, 4, 6);
        RotaryEmbedding rotary = new RotaryEmbedding(6, 10);
        NDList results = differentiate(x, y -> rotary.apply(y, 3));
        NDArray direction = manager.arange(24f).toType(DataType.FLOAT64, true).mul(0.1).cos().reshape(4, 6);
        NDArray again = rotary.apply(results.get(1), 3);
        assertTrue(again.sub(direction).abs().max().getDouble() < 1e-6);
    }

    @Test
    void aBlockInBfloat16TakesAndGivesFloat32() {
        for (boolean bias : new boolean[] {false, true}) {
            SpAttentionBlock[] blocks = new SpAttentionBlock[2];
            for (Precision precision : Precision.values()) {
                SpAttentionBlock block = SpAttentionBlock.builder().setModelDim(24).setNumHeads(4).optNumKvHeads(2)
                        .setPattern(StandardPattern.SP).optRotaryEmbedding(1e4).optQueryKeyNorm(1e-5f).optBias(bias)
                        .optPrecision(precision).build();
                int[] draws = {0};
                block.setInitializer((m, shape, type) -> m.arange(shape.size()).toType(type, true).add(10 * draws[0]++)
                        .mul(1.7).sin().mul(0.3).reshape(shape), parameter -> true);
                block.initialize(manager, DataType.FLOAT32, new Shape(2, 9, 24));
                blocks[precision.ordinal()] = block;
            }
            NDArray x = random(DataType.FLOAT32, 2, 9, 24);
            ParameterStore store = new ParameterStore(manager, false);
            NDList expected = differentiate(x, y -> blocks[0].forward(store, new NDList(y), true).get(0));
            NDList actual = differentiate(x, y -> blocks[1].forward(store, new NDList(y), true).get(0));
            assertEquals(DataType.FLOAT32, actual.get(0).getDataType());
            assertClose(expected, actual, 6e-2);
            assertTrue(blocks[1].forward(store, new NDList(x), false).get(0).get(new NDIndex("0, 0, 0")).getFloat() != 0);
        }
    }
}
