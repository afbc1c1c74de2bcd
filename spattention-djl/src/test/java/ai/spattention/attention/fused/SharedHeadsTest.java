package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.ComputedLaunches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.Bfloat16;
import com.sun.jna.Pointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The launch's memory and numbers, by computing its sums in plain Java. */
class SharedHeadsTest {

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 32, 1", "7, 2, 4, 64, 1", "3, 3, 2, 128, 1", "2, 1, 8, 256, 1", "2, 20, 2, 32, 2", "1, 5, 3, 128, 2"})
    void headsOfAGroupAreAddedUp(int tokens, int heads, int group, int dim, int programs) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray array = Bfloat16.of(manager.arange((float) tokens * heads * group * dim).mul(0.3f).sin()
                    .reshape(tokens, (long) heads * group, dim));
            NDArray wide = Bfloat16.of(manager.full(new Shape(tokens, 16 + (long) heads * dim + 32), 7f));
            try (ArrayLaunches launches = ComputedLaunches.over(90, (name, arrays, numbers, grid) -> {
                assertEquals("sum_shared_heads-d" + dim + "-sm_80", name);
                assertEquals(tokens, grid.x());
                assertEquals(programs, grid.y());
                Pointer in = new Pointer(arrays.get("array").address());
                Pointer out = new Pointer(arrays.get("out").address());
                int shared = numbers.get("kv_heads").intValue();
                int each = numbers.get("group").intValue();
                for (int token = 0; token < grid.x(); token++) {
                    for (int column = 0; column < shared * dim; column++) {
                        float sum = 0;
                        for (int head = 0; head < each; head++) {
                            long at = (((long) token * shared + column / dim) * each + head) * dim + column % dim;
                            sum += Float.intBitsToFloat(in.getShort(2 * at) << 16);
                        }
                        out.setShort(2L * (token * numbers.get("out_pitch").intValue() + column), (short) (Float.floatToIntBits(sum) >> 16));
                    }
                }
            }, array)) {
                Tensor whole = launches.in("wide", wide);
                SharedHeads.sum(launches, launches.in("array", array), whole.columns(16, (long) heads * dim));
            }
            NDArray found = Bfloat16.toFloat32(wide);
            NDArray expected = Bfloat16.toFloat32(array).reshape(tokens, heads, group, dim).sum(new int[] {2}).reshape(tokens, (long) heads * dim);
            NDArray error = found.get(":, 16:" + (16 + heads * dim)).sub(expected).abs();
            assertEquals(0, error.sub(expected.abs().mul(0.008f)).gt(1e-6f).sum().getLong(), "sums, cut to bfloat16");
            assertEquals(7, found.get(":, :16").min().getFloat());
            assertEquals(7, found.get(":, " + (16 + heads * dim) + ":").max().getFloat());
        }
    }
}
