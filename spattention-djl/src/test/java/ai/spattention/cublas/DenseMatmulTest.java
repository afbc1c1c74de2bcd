package ai.spattention.cublas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.cublas.DenseMatmul.Factor;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DenseMatmulTest {

    private static final CudaTarget TARGET = new CudaTarget(0, 90, 132, 232_448);
    private static final Tensor WORKSPACE = matrix("workspace", Type.INT32, 1, 1);

    private static Tensor matrix(String name, Type type, long rows, long columns) {
        return Tensor.dense(Region.fixed(name, 1 << 20, 1 << 20), 0, type, rows, columns);
    }

    private static DenseMatmul product(Factor left, Factor right, Tensor out) {
        return new DenseMatmul(TARGET, left, right, out, false, WORKSPACE);
    }

    private static Factor factor(boolean transposed, long rows, long columns) {
        return new Factor(matrix("factor", Type.BFLOAT16, transposed ? columns : rows, transposed ? rows : columns), transposed);
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void shapesMustFit(boolean leftTransposed, boolean rightTransposed) {
        Factor left = factor(leftTransposed, 3, 5);
        Factor right = factor(rightTransposed, 5, 7);
        product(left, right, matrix("out", Type.FLOAT32, 3, 7));
        product(left, right, matrix("out", Type.BFLOAT16, 3, 7));
        for (long[] wrong : new long[][] {{7, 3}, {3, 8}, {2, 7}}) {
            assertThrows(IllegalArgumentException.class, () -> product(left, right, matrix("out", Type.FLOAT32, wrong[0], wrong[1])));
        }
        assertThrows(IllegalArgumentException.class,
                () -> product(left, factor(rightTransposed, 6, 7), matrix("out", Type.FLOAT32, 3, 7)));
    }

    @Test
    void theMessageSaysWhatDoesNotFit() {
        assertEquals("no product of a [3, 5] BFLOAT16 and b [7, 6] transposed BFLOAT16 into out [3, 7] FLOAT32[7, 1]",
                assertThrows(IllegalArgumentException.class, () -> product(Factor.of(matrix("a", Type.BFLOAT16, 3, 5)),
                        Factor.transposed(matrix("b", Type.BFLOAT16, 7, 6)), matrix("out", Type.FLOAT32, 3, 7))).getMessage());
    }

    @ParameterizedTest
    @CsvSource({"FLOAT32, BFLOAT16, FLOAT32", "BFLOAT16, FLOAT16, FLOAT32", "BFLOAT16, BFLOAT16, FLOAT16", "BFLOAT16, BFLOAT16, INT32"})
    void typesMustFit(Type left, Type right, Type out) {
        assertThrows(IllegalArgumentException.class,
                () -> product(Factor.of(matrix("a", left, 3, 5)), Factor.of(matrix("b", right, 5, 7)), matrix("out", out, 3, 7)));
    }

    @Test
    void rowsMayLieApartButHaveNoGaps() {
        Tensor wide = matrix("wide", Type.BFLOAT16, 8, 20);
        product(Factor.of(wide.columns(2, 5)), Factor.transposed(wide.rows(1, 7).columns(4, 5)), wide.columns(3, 7));
        Tensor byColumns = wide.as(new long[] {5, 8}, new long[] {1, 20});
        assertThrows(IllegalArgumentException.class,
                () -> product(Factor.of(byColumns), factor(false, 8, 7), matrix("out", Type.FLOAT32, 5, 7)));
        assertThrows(IllegalArgumentException.class, () -> product(Factor.of(wide.reshape(1, 8, 20)), factor(false, 20, 7),
                matrix("out", Type.FLOAT32, 8, 7)), "three axes");
    }

    @Test
    void productsShareAWorkspaceThatNothingElseUses() {
        PlanBuilder plan = new PlanBuilder(TARGET);
        plan.phase("only");
        DenseProducts products = new DenseProducts(plan);
        Tensor left = plan.array("left", Type.BFLOAT16, 16, 16);
        Tensor right = plan.array("right", Type.BFLOAT16, 16, 16);
        Tensor out = plan.array("out", Type.FLOAT32, 16, 16);
        products.times(left, right, out);
        products.timesTransposed(left, right, out);
        products.transposedTimes(left, right, out, true);
        assertEquals(DenseMatmul.WORKSPACE_BYTES + 512 + 512 + 1024, plan.build().bytes());
    }

    @Test
    void aStepNamesAllItsMemory() {
        Tensor out = matrix("out", Type.FLOAT32, 3, 7);
        Factor left = factor(false, 3, 5);
        Factor right = factor(true, 5, 7);
        assertEquals(List.of(left.matrix(), right.matrix(), out, WORKSPACE), product(left, right, out).tensors());
        assertTrue(new DenseMatmul(TARGET, left, right, out, true, WORKSPACE).toString().contains(" added to out [3, 7]"));
    }
}
