package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.conformance.AttentionKernelConformance;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import org.junit.jupiter.api.Test;

class MaskedKernelTest extends AttentionKernelConformance {

    @Override
    protected AttentionKernel kernel() {
        return new MaskedKernel();
    }

    @Test
    void refusesMasksOfAnotherShape() {
        AttentionLayout layout = new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray x = manager.ones(new Shape(2, 4, 6, 8));
            for (NDArray mask : new NDArray[] {manager.ones(new Shape(2, 1, 6, 6)), manager.ones(new Shape(2, 36)),
                manager.ones(new Shape(6, 2, 6)), manager.ones(new Shape(6, 6)), manager.ones(new Shape(2, 6, 1))}) {
                assertEquals("a mask must be [B, N, M] = [2, 6, 6] (got " + mask.getShape() + ")", assertThrows(InvalidInputException.class,
                        () -> new MaskedKernel().attend(x, x, x, layout, mask, 0, false)).getMessage());
            }
        }
    }
}
