package ai.spattention.examples;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.attention.conformance.AttentionKernelConformance;
import org.junit.jupiter.api.Test;

class HeadByHeadKernelTest extends AttentionKernelConformance {

    @Override
    protected AttentionKernel kernel() {
        return new HeadByHeadKernel();
    }

    @Test
    void isFoundByItsName() {
        assertInstanceOf(HeadByHeadKernel.class, Kernels.of("head-by-head"));
        assertTrue(Kernels.names().contains("tiled"), "beside the library's");
    }
}
