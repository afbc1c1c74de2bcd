package ai.spattention.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TorchScriptModuleTest {

    private static final TorchScriptModule MODULE = TorchScriptModule.ofSource("""
            # one argument of each kind
            def all(self,
                x: Tensor,  # [2], (not more): a comment
                y: Optional[Tensor],
                more: List[Tensor],
                factor: float,
                index: int,
                negate: bool,
                numbers: List[int]
                ) -> Tensor:
              total = torch.mul(x, factor)
              if y is not None:
                total = torch.add(total, y)
              for each in more:
                total = torch.add(total, each)
              if negate:
                total = torch.neg(total)
              sum = 0
              for number in numbers:
                sum = sum + number
              return torch.add(total, sum * 10 + index)

            # whole numbers and doubles as they come
            def exact(self, x: Tensor, whole: int, real: float) -> Tuple[Tensor, Tensor]:
              return (torch.full_like(x, whole, dtype=4), torch.full_like(x, real, dtype=7))

            def helper(self, count: int, x: Tensor) -> List[int]:
              return [count]
            """);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void everyKindOfArgumentArrives() {
        NDArray x = manager.create(new float[] {1, 2});
        NDList more = new NDList(manager.create(4f), manager.create(8f));
        assertArrayEquals(new float[] {44.5f, 45}, sum(x, manager.create(1f), more, 0.5, 1, false, new long[] {1, 2}));
        assertArrayEquals(new float[] {-12.5f + 7, -13f + 7}, sum(x, null, more, 0.5f, 7L, true, new long[0]));
        assertArrayEquals(new float[] {43.5f, 44}, sum(x, null, more, 0.5, 1, false, EngineArrays.onHost(manager, new long[] {1, 2})));
        assertNull(x.getName());
    }

    private float[] sum(Object... arguments) {
        float[] called = MODULE.call("all", arguments).singletonOrThrow().toFloatArray();
        assertArrayEquals(called, MODULE.infer("all", arguments).singletonOrThrow().toFloatArray());
        return called;
    }

    @Test
    void numbersAreExact() {
        NDArray x = manager.zeros(new Shape(1));
        for (long whole : new long[] {0, -1, (1L << 53) + 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            for (double real : new double[] {0.1, -0.0, 1e-300, Double.POSITIVE_INFINITY}) {
                NDList results = MODULE.call("exact", x, whole, real);
                assertEquals(whole, results.get(0).getLong());
                assertEquals(real, results.get(1).getDouble());
            }
        }
    }

    /** More values than are kept. */
    @Test
    void manyNumbersArrive() {
        NDArray x = manager.zeros(new Shape(1));
        for (int round = 0; round < 2; round++) {
            LongStream.range(1000, 1600).forEach(number ->
                    assertEquals(number, MODULE.call("exact", x, number, number + 0.5).get(0).getLong()));
        }
    }

    @Test
    void autogradPassesThroughACallAndNotThroughAnInference() {
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray x = manager.create(new float[] {1, 2});
            x.setRequiresGradient(true);
            NDList more = new NDList(manager.create(4f));
            collector.backward(MODULE.call("all", x, null, more, 0.25, 1, true, new long[] {3}).singletonOrThrow().sum());
            assertArrayEquals(new float[] {-0.25f, -0.25f}, x.getGradient().toFloatArray());
            NDArray inference = MODULE.infer("all", x, null, more, 0.25, 1, true, new long[] {3}).singletonOrThrow();
            assertThrows(EngineException.class, () -> collector.backward(inference.sum()));
        }
    }

    @Test
    void refusesWhatAMethodDoesNotTake() {
        NDArray x = manager.zeros(new Shape(1));
        refuses("no TorchScript method that Java can call is named other (there are all, exact)", "other", x);
        refuses("no TorchScript method that Java can call is named helper (there are all, exact)", "helper", 1, x);
        refuses("exact takes 3 arguments (got 2)", "exact", x, 1);
        refuses("exact takes int as whole (got Double 1.0)", "exact", x, 1.0, 1.0);
        refuses("exact takes float as real (got null)", "exact", x, 1, null);
        refuses("exact takes Tensor as x (got Integer 5)", "exact", 5, 1, 1.0);
        refuses("all got an empty list as more, which DJL cannot pass on", "all", x, x, new NDList(), 1.0, 1, true, new long[0]);
    }

    private static void refuses(String message, String method, Object... arguments) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, () -> MODULE.call(method, arguments)).getMessage());
        assertEquals(message, assertThrows(IllegalArgumentException.class, () -> MODULE.infer(method, arguments)).getMessage());
    }
}
