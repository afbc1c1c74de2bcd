package ai.spattention.attention.engine;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.conformance.AttentionKernelConformance;
import org.junit.jupiter.api.Nested;

class TiledKernelTest extends AttentionKernelConformance {

    @Override
    protected AttentionKernel kernel() {
        return new TiledKernel();
    }

    /** Many tiles. */
    @Nested
    class Small extends AttentionKernelConformance {

        @Override
        protected AttentionKernel kernel() {
            return new TiledKernel(8);
        }
    }

    /** Tiles that end nowhere near the sequences' ends. */
    @Nested
    class Uneven extends AttentionKernelConformance {

        @Override
        protected AttentionKernel kernel() {
            return new TiledKernel(13);
        }
    }
}
