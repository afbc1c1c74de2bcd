package ai.spattention.cublas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.spattention.cublas.DenseMatmul.Factor;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.FillStep;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products by cuBLASLt against products in float64, on a GPU. */
class DenseMatmulGpuTest {

    private static final int PAD = 24; // columns before and behind a factor's or result's own

    private final PlanRunner runner = new PlanRunner();

    @AfterEach
    void close() {
        runner.close();
    }

    /** Each size with both factors as they lie and transposed; rows apart or not; a result of 16 or 32 bits, or added to. */
    @ParameterizedTest
    @CsvSource({"1, 64, 64, false", "1, 16, 48, true", "7, 128, 96, false", "129, 64, 8, true", "333, 1040, 256, false",
        "64, 7, 128, true", "1000, 72, 513, false", "2, 2048, 24, true"})
    void products(int m, int k, int n, boolean apart) {
        Tensor workspace = runner.plan().keep(runner.plan().array("workspace", Type.INT32, DenseMatmul.WORKSPACE_BYTES / 4));
        int pad = apart ? PAD : 0;
        NDArray[] expected = new NDArray[4];
        Tensor[][] results = new Tensor[4][];
        NDArray before = runner.random(m, n + 2L * pad);
        for (int way = 0; way < 4; way++) {
            boolean leftTurned = way % 2 == 1;
            boolean rightTurned = way / 2 == 1;
            NDArray left = leftTurned ? runner.rounded(k, m + 2L * pad) : runner.rounded(m, k + 2L * pad);
            NDArray right = rightTurned ? runner.rounded(n, k + 2L * pad) : runner.rounded(k, n + 2L * pad);
            Factor a = new Factor(runner.half("left", left).columns(pad, leftTurned ? m : k), leftTurned);
            Factor b = new Factor(runner.half("right", right).columns(pad, rightTurned ? k : n), rightTurned);
            results[way] = new Tensor[] {runner.half("rounded", runner.rounded(m, n + 2L * pad)),
                runner.in("exact", runner.random(m, n + 2L * pad)), runner.in("sum", before)};
            for (int i = 0; i < 3; i++) {
                runner.plan().add(new DenseMatmul(runner.target(), a, b, results[way][i].columns(pad, n), i == 2, workspace));
            }
            NDArray exactLeft = PlanRunner.exact(left).get(":, " + pad + ":" + (pad + (leftTurned ? m : k)));
            NDArray exactRight = PlanRunner.exact(right).get(":, " + pad + ":" + (pad + (rightTurned ? k : n)));
            expected[way] = (leftTurned ? exactLeft.transpose() : exactLeft).matMul(rightTurned ? exactRight.transpose() : exactRight);
        }
        NDArray all = PlanRunner.exact(before);
        String mine = ":, " + pad + ":" + (pad + n);
        runner.run();
        for (int way = 0; way < 4; way++) {
            PlanRunner.assertClose(expected[way], runner.read(results[way][0]).get(mine), 4e-3, "rounded, way " + way);
            PlanRunner.assertClose(expected[way], runner.read(results[way][1]).get(mine), 1e-5, "exact, way " + way);
            NDArray sum = runner.read(results[way][2]);
            PlanRunner.assertClose(expected[way].add(all.get(mine)), sum.get(mine), 1e-5, "sum, way " + way);
            if (apart) {
                PlanRunner.assertClose(all.get(":, 0:" + pad), sum.get(":, 0:" + pad), 0, "columns before, way " + way);
                String behind = ":, " + (pad + n) + ":";
                PlanRunner.assertClose(all.get(behind), sum.get(behind), 0, "columns behind, way " + way);
            }
        }
    }

    @Test
    void zerosAreFilledIn() {
        Tensor array = runner.in("array", runner.random(1000));
        runner.plan().add(new FillStep(array.columns(16, 33)));
        runner.run();
        float[] found = runner.floats(array);
        float[] zeros = new float[33];
        assertArrayEquals(zeros, Arrays.copyOfRange(found, 16, 49));
        assertEquals(1000 - 33, IntStream.range(0, 1000).filter(i -> found[i] != 0).count());
        assertEquals(Optional.empty(), DenseMatmul.unavailable());
    }
}
