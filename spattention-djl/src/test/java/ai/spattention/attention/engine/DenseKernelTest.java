package ai.spattention.attention.engine;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.conformance.AttentionKernelConformance;

class DenseKernelTest extends AttentionKernelConformance {

    @Override
    protected AttentionKernel kernel() {
        return new DenseKernel();
    }
}
