package ai.spattention.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.function.BiFunction;

/** Whether explicit parts give what the engine gives. */
public final class PartAgreement {

    private PartAgreement() {}

    /** The results, and the gradients of the leaves of Σ results · direction, in float32. */
    private static NDList differentiate(NDManager manager, List<NDArray> leaves, Segments segments, BiFunction<Segments, List<NDArray>, NDList> f) {
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

    /**
     * Holds a computation with explicit parts against the same by the engine, values and gradients, and against itself.
     *
     * @param manager of the leaves
     * @param leaves what gradients are asked of
     * @param tolerance the norm of a difference is at most so much of the norm
     * @param f the computation
     */
    public static void compare(NDManager manager, List<NDArray> leaves, double tolerance, BiFunction<Segments, List<NDArray>, NDList> f) {
        NDList expected = differentiate(manager, leaves, Segments.engine(), f);
        NDList first;
        try (SegmentTape tape = new SegmentTape(manager)) {
            first = differentiate(manager, leaves, tape, f);
        }
        NDList again;
        try (SegmentTape tape = new SegmentTape(manager)) {
            again = differentiate(manager, leaves, tape, f);
        }
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).getShape(), first.get(i).getShape());
            double norm = expected.get(i).norm().getFloat();
            double difference = first.get(i).sub(expected.get(i)).norm().getFloat();
            assertTrue(norm > 0 && difference <= tolerance * norm, "array " + i + " differs by " + difference + " of " + norm);
            assertArrayEquals(first.get(i).toFloatArray(), again.get(i).toFloatArray(), "the same twice");
        }
    }
}
