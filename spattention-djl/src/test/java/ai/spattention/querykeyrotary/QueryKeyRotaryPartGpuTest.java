package ai.spattention.querykeyrotary;

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
import ai.spattention.SpAttentionBlock;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.PartAgreement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A block's rotations by the kernels against the engine's operations, values and gradients, on a GPU. */
class QueryKeyRotaryPartGpuTest {

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

    /** Queries and keys in the attention block: norm over all heads, rotation, grouped heads. */
    @ParameterizedTest
    @CsvSource({"1, 2, 2, 32", "1, 2, 2, 64", "2, 4, 2, 64", "3, 8, 8, 128", "2, 16, 4, 128"})
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
        PartAgreement.compare(manager, leaves, 3e-2, (segments, in) -> new NDList(block.attend(store, segments, in.get(0), null, true)));
    }
}
