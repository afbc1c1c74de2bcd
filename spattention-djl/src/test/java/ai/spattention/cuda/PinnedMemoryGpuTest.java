package ai.spattention.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PinnedMemoryGpuTest {

    @BeforeEach
    void needsGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "there is no GPU here");
    }

    @Test
    void takesWhatAGpuHolds() {
        try (NDManager host = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                NDManager manager = NDManager.newBaseManager(Device.gpu(), "PyTorch")) {
            for (DataType type : List.of(DataType.FLOAT32, DataType.INT64)) {
                List<PinnedMemory> kept = new ArrayList<>(); // side by side: none shares a page with another
                for (Shape shape : List.of(new Shape(1), new Shape(3, 7, 5), new Shape(1 << 14), new Shape(1000, 1001))) {
                    PinnedMemory pinned = PinnedMemory.of(host, shape, type, Device.gpu()).orElseThrow();
                    kept.add(pinned);
                    NDArray array = pinned.array();
                    assertEquals(shape, array.getShape());
                    assertEquals(Device.cpu(), array.getDevice());
                    assertEquals(0, array.toType(DataType.INT64, true).sum().getLong());
                    try (NDArray source = manager.arange((float) shape.size()).reshape(shape).toType(type, true)) {
                        array.set(new NDIndex("..."), source);
                        assertTrue(array.contentEquals(host.arange((float) shape.size()).reshape(shape).toType(type, true)), "shape " + shape);
                    }
                }
                kept.forEach(PinnedMemory::close);
            }
        }
    }
}
