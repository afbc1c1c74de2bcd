package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.conformance.AttentionKernelConformance;
import org.junit.jupiter.api.BeforeAll;

class FusedKernelConformanceGpuTest extends AttentionKernelConformance {

    @BeforeAll
    static void needsAGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "no GPU here");
        FusedKernel.unavailable(Device.gpu()).ifPresent(reason -> assumeTrue(false, reason));
    }

    @Override
    protected AttentionKernel kernel() {
        return new FusedKernel();
    }

    @Override
    protected Device device() {
        return Device.gpu();
    }
}
