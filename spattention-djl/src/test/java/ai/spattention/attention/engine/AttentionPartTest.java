package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionPart;
import ai.spattention.attention.ExplicitGradientKernel;
import ai.spattention.attention.ReferenceKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.PartObserver;
import ai.spattention.segment.SegmentTape;
import ai.spattention.segment.Segments;
import ai.spattention.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention inside a training pass that is cut into segments: by the kernel's own backward pass, or by the engine's. */
class AttentionPartTest {

    private static final AttentionLayout EXCLUSIVE = new AttentionLayout(StandardPattern.EXCLUSIVE, LayoutLength.SEQUENCE);

    /** Counts the calls that a kernel with a backward pass of its own receives; on a processor, by the slow flash calls of tests. */
    private static final class Counting implements ExplicitGradientKernel {

        private final WindowKernel window = new WindowKernel(() -> TorchScriptModule.load(WindowKernel.class,
                "flash_reference.torchscript", "window.torchscript"), false);
        private final List<String> calls = new ArrayList<>();

        @Override
        public String name() {
            return "counting";
        }

        @Override
        public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
                AttentionDropout dropout) {
            calls.add("forward");
            return window.forward(queries, keys, values, documents, layout, dropout);
        }

        @Override
        public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
                AttentionDropout dropout, NDList forward, NDArray gradient) {
            calls.add("backward");
            return window.backward(queries, keys, values, documents, layout, dropout, forward, gradient);
        }

        @Override
        public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
                float dropout, boolean training) {
            calls.add("attend");
            return window.attend(queries, keys, values, documents, layout, dropout, training);
        }
    }

    private static NDList differentiate(NDManager manager, AttentionKernel kernel, boolean segmented, boolean again,
            float dropout) {
        NDList inputs = new NDList();
        for (int i = 0; i < 3; i++) {
            Shape shape = new Shape(2, i == 0 ? 4 : 2, 19, 8);
            NDArray input = manager.arange((float) shape.size()).mul(0.7f + i).sin().reshape(shape).duplicate();
            input.setRequiresGradient(true);
            inputs.add(input);
        }
        NDList found = new NDList();
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector();
                SegmentTape tape = new SegmentTape(manager, PartObserver.NONE)) {
            Segments segments = segmented ? tape : Segments.engine();
            Segments.Part part = (inner, in) -> new NDList(AttentionPart.run(inner, kernel, in, null, EXCLUSIVE, dropout, true));
            NDArray result = (again ? segments.runAgainLater(part, inputs) : part.run(segments, inputs)).singletonOrThrow();
            collector.backward(result.mul(result.stopGradient().cos()).sum());
            tape.backward();
            found.add(result.stopGradient());
        }
        inputs.forEach(input -> found.add(input.getGradient().duplicate()));
        return found;
    }

    @ParameterizedTest
    @ValueSource(strings = {"segments", "again", "engine"})
    void theWayOfTheBackwardPassChangesNoGradient(String way) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList expected = differentiate(manager, new MaskedKernel(), false, false, 0);
            Counting kernel = new Counting();
            NDList actual = differentiate(manager, kernel, !way.equals("engine"), way.equals("again"), 0);
            for (int i = 0; i < expected.size(); i++) {
                double norm = expected.get(i).norm().getFloat();
                double difference = actual.get(i).sub(expected.get(i)).norm().getFloat();
                assertTrue(norm > 0 && difference < 1e-5 * norm, "array " + i + " differs by " + difference + " of " + norm);
            }
            assertEquals(switch (way) {
                case "segments" -> List.of("forward", "backward");
                case "again" -> List.of("forward", "forward", "backward");
                default -> List.of("attend");
            }, kernel.calls);
        }
    }

    @Test
    void bothPassesOfASegmentDropTheSameWeights() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Engine engine = Engine.getEngine("PyTorch");
            engine.setRandomSeed(5);
            NDList byEngine = differentiate(manager, new ReferenceKernel(), false, false, 0.4f);
            engine.setRandomSeed(5);
            NDList bySegments = differentiate(manager, new ReferenceKernel(), true, false, 0.4f);
            assertEquals(byEngine, bySegments);
            assertNotEquals(byEngine.get(0), differentiate(manager, new ReferenceKernel(), true, false, 0).get(0));
        }
    }

    @Test
    void aKernelThatCannotDropSaysSo() {
        try (NDManager manager = NDManager.newBaseManager()) {
            String message = assertThrows(InvalidInputException.class,
                    () -> differentiate(manager, new Counting(), true, false, 0.4f)).getMessage();
            assertEquals("the window kernel cannot compute this attention (pattern exclusive): it cannot drop attention weights;"
                    + " choose another kernel, or auto", message);
        }
    }
}
