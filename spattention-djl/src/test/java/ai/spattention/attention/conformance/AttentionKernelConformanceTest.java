package ai.spattention.attention.conformance;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.StandardPattern;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The suite finds what is wrong with kernels that are almost right. */
class AttentionKernelConformanceTest {

    /** Right, but for what subclasses change. */
    private static class Almost implements AttentionKernel {

        @Override
        public String name() {
            return "almost";
        }

        @Override
        public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                boolean training) {
            return new MaskedKernel().attend(queries, keys, values, documents, layout, dropout, training);
        }
    }

    private static void fails(AttentionKernel kernel, Consumer<AttentionKernelConformance> test, String message) {
        AttentionKernelConformance suite = new AttentionKernelConformance() {
            @Override
            protected AttentionKernel kernel() {
                return kernel;
            }
        };
        String found = assertThrows(AssertionError.class, () -> test.accept(suite)).getMessage();
        assertTrue(found.contains(message), found);
    }

    @Test
    void aKernelThatForgetsDocuments() {
        fails(new Almost() {
            @Override
            public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                    boolean training) {
                return super.attend(queries, keys, values, null, layout, dropout, training);
            }
        }, suite -> suite.agreesWithTheReference(StandardPattern.SP), "with documents, inference: largest difference");
    }

    @Test
    void aKernelThatCutsAGradient() {
        fails(new Almost() {
            @Override
            public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                    boolean training) {
                return super.attend(queries, keys.stopGradient(), values, documents, layout, dropout, training);
            }
        }, suite -> suite.agreesWithTheReference(StandardPattern.SP), "keys' gradient");
    }

    @Test
    void aKernelThatTakesQueriesForTheFirstPositions() {
        fails(new Almost() {
            @Override
            public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                    boolean training) {
                long length = queries.getShape().get(2);
                return super.attend(queries, keys.get(":, :, :" + length), values.get(":, :, :" + length), documents, layout, dropout, training);
            }
        }, suite -> suite.decodesPositionByPosition(StandardPattern.CAUSAL), "position by position");
    }

    @Test
    void aKernelThatNeverDrops() {
        fails(new Almost() {
            @Override
            public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                    boolean training) {
                return super.attend(queries, keys, values, documents, layout, 0, training);
            }
        }, AttentionKernelConformance::dropsWeightsAndKeepsTheirMean, "almost");
    }

    @Test
    void aKernelThatLeavesAnArrayBehind() {
        fails(new Almost() {
            @Override
            public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                    boolean training) {
                return super.attend(queries.mul(1), keys, values, documents, layout, dropout, training);
            }
        }, AttentionKernelConformance::leavesOnlyItsResult, "almost");
    }

    /** One that refuses everything, and one that says so and computes nevertheless. */
    @Test
    void aKernelThatSaysItFitsNothing() {
        AttentionKernel computes = new Almost() {
            @Override
            public Optional<String> unsupported(AttentionCall call) {
                return Optional.of("it has a day off");
            }
        };
        fails(computes, AttentionKernelConformance::computesSomething, "almost fits no pattern");
        fails(computes, suite -> suite.agreesWithTheReference(StandardPattern.SP), "is refused: it has a day off");
    }

    @Test
    void aKernelThatRefusesForAnotherReason() {
        fails(new Almost() {
            @Override
            public Optional<String> unsupported(AttentionCall call) {
                return Optional.of("it has a day off");
            }

            @Override
            public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
                    boolean training) {
                throw new InvalidInputException("no");
            }
        }, suite -> suite.agreesWithTheReference(StandardPattern.SP), "no");
    }
}
