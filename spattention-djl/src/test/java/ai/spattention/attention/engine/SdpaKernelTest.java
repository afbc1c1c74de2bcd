package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.conformance.AttentionKernelConformance;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SdpaKernelTest extends AttentionKernelConformance {

    @Override
    protected AttentionKernel kernel() {
        return new SdpaKernel();
    }

    @Test
    void refusesMasksTooLargeToKeep() {
        assertEquals(Optional.empty(), new SdpaKernel().unsupported(call(StandardPattern.SP, 16, 1024)));
        assertEquals(Optional.of("it keeps a mask of every pair, at most 16777216 in all (got 16 masks of 1025 x 1025)"),
                new SdpaKernel().unsupported(call(StandardPattern.SP, 16, 1025)));
        assertEquals(Optional.empty(), new SdpaKernel().unsupported(call(StandardPattern.LOCAL, 16, 4096)), "heads that see the same share a mask");
    }

    private static AttentionCall call(StandardPattern pattern, int heads, int length) {
        return new AttentionCall(new AttentionLayout(pattern, LayoutLength.SEQUENCE), Device.cpu(), DataType.FLOAT32, heads, heads, length,
                length, 64, false, false, GradientMode.NONE);
    }
}
