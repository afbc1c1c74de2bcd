package ai.spattention.kernel;

import java.util.Map;

/**
 * Which code of the fused kernel computes what the heads of a table see.
 *
 * @param general whether a head has a prefix or a stride
 * @param meanRange how many keys of a range of distances a query sees, on average over queries and ranges
 */
public record FusedVariants(boolean general, double meanRange) {

    /** The mean ranges from which on the wide kernels are the faster ones: measured on an H200, docs/benchmarks.md. */
    private static final Map<String, Integer> WIDE_FROM = Map.of("forward", 1024, "backward_queries", 1500, "backward_keys", 4096);

    /**
     * The variant that computes a call.
     *
     * @param kernel forward, backward_queries or backward_keys
     * @param type the numbers' type and how they are multiplied, as variants' names say it
     * @param headDim the head dimension of compiled kernels
     * @param documents whether sequences hold several documents
     * @param dropout whether weights are dropped
     * @param computeCapability the GPU's
     * @return the variant's name without the architecture
     */
    String name(String kernel, String type, long headDim, boolean documents, boolean dropout, int computeCapability) {
        String numbers = "-" + type + "-d" + headDim;
        if (!general && !documents && !dropout && meanRange >= WIDE_FROM.get(kernel)
                && FusedKernel.LIBRARY.find(kernel + "-wide" + numbers, computeCapability).isPresent()) {
            return kernel + "-wide" + numbers;
        }
        return kernel + "-" + (dropout ? "dropout" : general ? "general" : "ranges") + (documents ? "_documents" : "") + numbers;
    }
}
