package ai.spattention.groupedmatmul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupedMatmulStepsTest {

    private final PlanBuilder plan = new PlanBuilder(new CudaTarget(0, 90, 132, 232_448));

    @Test
    void productsHaveTilesAndTensorCores() {
        for (KernelLibrary.Variant variant : GroupedMatmulSteps.LIBRARY.manifest().kernels()) {
            boolean product = variant.name().startsWith("rows") || variant.name().startsWith("matrices");
            boolean newer = variant.name().endsWith("sm_90a");
            assertEquals(product ? 128 : 0, variant.rows(), variant.name());
            assertEquals(product && newer, variant.persistent(), variant.name());
            assertEquals(product && newer, GroupedMatmulSteps.LIBRARY.ptx(variant).contains("wgmma.mma_async"), variant.name());
        }
    }

    @Test
    void aProcessorIsNotServed() {
        try (NDManager manager = NDManager.newBaseManager()) {
            assertFalse(GroupedMatmulSteps.serves(Bfloat16.of(manager.ones(new Shape(2, 64))), 4, 64));
        }
    }

    /** Rows of four experts, of which the second and the last have none; a token's rows in the order of its slots. */
    @Test
    void rowsAreSortedByExpert() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray chosen = manager.create(new long[] {2, 0, 0, 2, 2, 0, 0, 2}, new Shape(4, 2));
            ExpertRows rows = ExpertRows.of(chosen, 4, 3);
            assertArrayEquals(new long[] {1, 2, 5, 6, 0, 3, 4, 7}, rows.order().toLongArray());
            assertArrayEquals(new int[] {4, 4, 8, 8}, rows.ends().toIntArray());
            assertArrayEquals(new int[] {2, 2, 4, 4}, rows.tileEnds().toIntArray());
            assertEquals(new Shape(4, 2), rows.places().getShape());
            assertArrayEquals(new int[] {4, 0, 1, 5, 6, 2, 3, 7}, rows.places().toIntArray());
            NDArray weights = manager.arange(8f).reshape(4, 2);
            assertArrayEquals(new float[] {1, 2, 5, 6, 0, 3, 4, 7}, rows.rowWeights(weights).toFloatArray());
            assertEquals(weights, rows.weightGradients(rows.rowWeights(weights), weights));
        }
    }

    /** What does not fit would read or write foreign memory. */
    @ParameterizedTest
    @CsvSource({"FLOAT32, 4, 64, 128", "BFLOAT16, 3, 64, 128", "BFLOAT16, 4, 128, 64"})
    void productsOfOtherSizesAreRefused(Type type, int experts, int k, int n) {
        plan.phase("only");
        GroupedMatmulSteps steps = new GroupedMatmulSteps(plan, plan.array("ends", Type.INT32, 4), plan.array("ends of tiles", Type.INT32, 4));
        Tensor rows = plan.array("rows", Type.BFLOAT16, 10, 64);
        Tensor out = plan.array("products", Type.BFLOAT16, 10, 128);
        Tensor matrices = plan.array("matrices", type, experts, k, n);
        assertEquals("matrices must be BFLOAT16 [4, 64, 128] (got " + type + " [" + experts + ", " + k + ", " + n + "])",
                assertThrows(InvalidInputException.class, () -> steps.times(rows, matrices, false, out)).getMessage());
        steps.times(rows, plan.array("matrices", Type.BFLOAT16, 4, 64, 128), false, out);
        plan.build();
    }

    @Test
    void sumsAreAddedToInFloat32Only() {
        plan.phase("only");
        GroupedMatmulSteps steps = new GroupedMatmulSteps(plan, plan.array("ends", Type.INT32, 2), plan.array("ends of tiles", Type.INT32, 2));
        Tensor rows = plan.array("rows", Type.BFLOAT16, 10, 64);
        Tensor out = plan.array("sums", Type.BFLOAT16, 2, 64, 64);
        assertEquals("sums must be FLOAT32 [2, 64, 64] (got BFLOAT16 [2, 64, 64])",
                assertThrows(InvalidInputException.class, () -> steps.outer(rows, rows, out, true)).getMessage());
        steps.outer(rows, rows, out, false);
        steps.outer(rows, rows, plan.array("sums", Type.FLOAT32, 2, 64, 64), true);
        plan.build();
    }
}
