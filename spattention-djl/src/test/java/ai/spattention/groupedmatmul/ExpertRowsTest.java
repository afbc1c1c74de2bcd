package ai.spattention.groupedmatmul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.torch.TorchScriptModule;
import org.junit.jupiter.api.Test;

/** The order of experts' rows, which needs no GPU. */
class ExpertRowsTest {

    /** Five experts, two of them without rows, tiles of two rows. */
    @Test
    void rowsAreSortedByExpert() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList plan = TorchScriptModule.load(ExpertRows.class, "rows.torchscript").call("plan", true,
                    manager.create(new long[] {3, 1, 0, 3, 3, 1}, new Shape(3, 2)), manager.create(new long[] {5, 2}));
            ExpertRows rows = ExpertRows.of(plan);
            assertArrayEquals(new long[] {2, 1, 5, 0, 3, 4}, rows.order().toLongArray());
            assertArrayEquals(new int[] {1, 3, 3, 6, 6}, rows.ends().toIntArray());
            assertArrayEquals(new int[] {1, 2, 2, 4, 4}, rows.tileEnds().toIntArray());
            assertArrayEquals(new int[] {3, 1, 0, 4, 5, 2}, rows.places().toIntArray());
        }
    }
}
