package ai.spattention.attention.auto;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.conformance.AttentionKernelConformance;

class AutoKernelConformanceTest extends AttentionKernelConformance {

    @Override
    protected AttentionKernel kernel() {
        return new AutoKernel();
    }
}
