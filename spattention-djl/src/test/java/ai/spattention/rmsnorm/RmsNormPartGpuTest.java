package ai.spattention.rmsnorm;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.Precision;
import ai.spattention.RmsNorm;
import ai.spattention.segment.PartAgreement;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A block's norms by the kernels against the engine's operations, values and gradients, on a GPU. */
class RmsNormPartGpuTest {

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

    @ParameterizedTest
    @CsvSource({"1, 16", "3, 48", "7, 1024", "1500, 1040", "33, 2048", "5, 4096"})
    void norms(int rows, int size) {
        RmsNorm norm = new RmsNorm(1e-5f, Precision.BFLOAT16);
        norm.setInitializer((m, shape, type) -> m.arange((float) shape.size()).mul(0.01f).add(0.5f), p -> true);
        norm.initialize(manager, DataType.FLOAT32, new Shape(rows, size));
        ParameterStore store = new ParameterStore(manager, false);
        NDArray x = random(new Shape(rows, size));
        NDArray branch = random(new Shape(rows, size));
        assertTrue(RmsNormSteps.serves(x));
        NDArray weight = norm.getWeight().getArray();
        PartAgreement.compare(manager, List.of(x, weight), 6e-3, (segments, leaves) -> new NDList(norm.apply(store, segments, leaves.get(0), true)));
        PartAgreement.compare(manager, List.of(x, branch, weight), 6e-3, (segments, leaves) ->
                norm.addAndApply(store, segments, leaves.get(0), segments.run("cast", (inner, in) ->
                        new NDList(Bfloat16.of(in.head())), new NDList(leaves.get(1))).singletonOrThrow(), true));
    }
}
