package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Plans of steps that only write down that they ran: they need no GPU, and their stream is null. */
class PlanBuilderTest {

    private final PlanBuilder plan = new PlanBuilder(new CudaTarget(0, 80, 100, 166_912));
    private final List<String> ran = new ArrayList<>();

    private class Noted implements Step {

        private final String name;
        private final List<Tensor> tensors;

        Noted(String name, Tensor... tensors) {
            this.name = name;
            this.tensors = new ArrayList<>(List.of(tensors));
        }

        @Override
        public Collection<Tensor> tensors() {
            return tensors;
        }

        @Override
        public Ready prepare() {
            String at = name + tensors.stream().map(tensor -> " " + tensor.address()).reduce("", String::concat);
            return stream -> ran.add(at);
        }
    }

    private Tensor array(String name) {
        return plan.array(name, Type.FLOAT32, 128); // 512 bytes
    }

    @Test
    void anArrayHasItsSize() {
        Tensor array = plan.array("sums", Type.BFLOAT16, 3, 5);
        assertEquals(30, array.region().bytes());
        assertEquals("sums", array.region().name());
        assertArrayEquals(new long[] {5, 1}, array.strides());
        assertThrows(ArithmeticException.class, () -> plan.array("all", Type.FLOAT32, 1L << 40, 1L << 40));
    }

    @Test
    void aRegionLivesFromItsFirstStepToItsLast() {
        Tensor a = array("a");
        Tensor b = array("b");
        Tensor c = array("c");
        plan.phase("only");
        plan.add(new Noted("make a", a));
        plan.add(new Noted("b from a", a, b));
        plan.add(new Noted("c from b", b, c));
        Plan made = plan.build();
        assertEquals(1024, made.bytes(), "c lies where a lay");
        assertEquals(3, made.size());
        assertEquals(List.of("make a 4096", "b from a 4096 4608", "c from b 4608 4096"), run(made.on(4096), "only"));
    }

    /** What the steps of a phase wrote down. */
    private List<String> run(Plan.Loaded loaded, String phase) {
        ran.clear();
        loaded.steps(phase).forEach(ready -> ready.step().run(null));
        return ran;
    }

    @Test
    void whatIsKeptHasItsMemoryForItself() {
        Tensor in = plan.keep(array("in"));
        Tensor a = array("a");
        Tensor out = plan.keep(array("out"));
        plan.keep(array("never used"));
        plan.phase("only");
        plan.add(new Noted("a from in", in, a));
        plan.add(new Noted("out", out));
        assertEquals(4 * 512, plan.build().bytes());
    }

    @Test
    void phasesRunByThemselvesAndRegionsOutliveThem() {
        Tensor a = array("a");
        Tensor b = array("b");
        plan.phase("forward");
        plan.part("first");
        plan.add(new Noted("make a", a));
        plan.phase("empty");
        plan.phase("backward");
        plan.add(new Noted("b from a", a, b));
        Plan made = plan.build();
        assertEquals(1024, made.bytes());
        Plan.Loaded loaded = made.on(512);
        assertEquals(List.of("make a 512"), run(loaded, "forward"));
        assertEquals(List.of(), run(loaded, "empty"));
        assertEquals(List.of("b from a 512 1024"), run(loaded, "backward"));
        assertEquals("first", loaded.steps("backward").get(0).part(), "a part goes on until the next");
        assertEquals("the plan has no phase 'back': it has [forward, empty, backward]",
                assertThrows(IllegalArgumentException.class, () -> run(loaded, "back")).getMessage());
    }

    @Test
    void whatAStepIsGivenAfterItWasAddedCounts() {
        Tensor a = array("a");
        Tensor b = array("b");
        plan.phase("only");
        plan.add(new Noted("make a", a));
        Noted second = new Noted("make b", b);
        plan.add(second);
        second.tensors.add(a);
        assertEquals(1024, plan.build().bytes(), "a lives until b is made");
    }

    @Test
    void memoryOfOthersTakesNoPlace() {
        plan.phase("only");
        plan.add(new Noted("read", Tensor.dense(Region.fixed("weights", 1 << 20, 4000), 0, Type.FLOAT32, 1000)));
        assertEquals(0, plan.build().bytes());
    }

    @Test
    void aStepNeedsAPhase() {
        assertTrue(assertThrows(IllegalStateException.class, () -> plan.add(new FillStep(array("a")))).getMessage()
                .startsWith("a step belongs to a phase: begin one before FillStep[array=a [128]"));
    }

    @Test
    void aStepThatLacksSomethingMakesNoPlan() {
        plan.phase("only");
        plan.add(new Noted("incomplete") {
            @Override
            public void check() {
                throw new IllegalStateException("no size");
            }
        });
        assertEquals("no size", assertThrows(IllegalStateException.class, plan::build).getMessage());
    }

    @Test
    void aWatchedPlanTakesMoreMemory() {
        Tensor a = array("a");
        plan.phase("only");
        plan.add(new Noted("make a", a));
        assertEquals(512, plan.build().bytes());
        System.setProperty(PlanBuilder.WATCH, "true");
        try {
            assertEquals(3 * 512, plan.build().bytes());
        } finally {
            System.clearProperty(PlanBuilder.WATCH);
        }
    }
}
