package ai.spattention.attention.fused;

import ai.djl.ndarray.NDArray;
import ai.spattention.plan.PlanRunner;
import ai.spattention.plan.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums over the query heads of a group in float64, on a GPU. */
class SharedHeadsGpuTest {

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 32", "7, 2, 4, 64", "33, 3, 2, 128", "5, 1, 8, 256", "100, 16, 1, 64", "9, 32, 2, 32", "9, 20, 3, 128"})
    void headsOfAGroupAreAddedUp(int tokens, int heads, int group, int dim) {
        try (PlanRunner runner = new PlanRunner()) {
            int size = heads * dim;
            NDArray array = runner.rounded(tokens, (long) heads * group, dim);
            NDArray filled = runner.rounded(tokens, 16 + size + 32);
            Tensor wide = runner.half("wide", filled);
            SharedHeads.sum(runner.plan(), runner.half("array", array), wide.columns(16, size));
            NDArray expected = PlanRunner.exact(array).reshape(tokens, heads, group, dim).sum(new int[] {2}).reshape(tokens, size);
            runner.run();
            NDArray found = runner.read(wide);
            PlanRunner.assertClose(expected, found.get(":, 16:" + (16 + size)), 4e-3, "sums");
            NDArray exact = PlanRunner.exact(filled);
            PlanRunner.assertClose(exact.get(":, 0:16"), found.get(":, 0:16"), 0, "columns before");
            PlanRunner.assertClose(exact.get(":, " + (16 + size) + ":"), found.get(":, " + (16 + size) + ":"), 0, "columns behind");
        }
    }
}
