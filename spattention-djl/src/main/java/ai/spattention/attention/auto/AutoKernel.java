package ai.spattention.attention.auto;

import ai.djl.ndarray.NDArray;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.engine.DenseKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.SdpaKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.attention.engine.WindowKernel;
import ai.spattention.attention.fused.FusedKernel;
import ai.spattention.pattern.Stride;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Takes, call by call, the fastest kernel that fits: the one place that chooses.
 *
 * <p>What none of the special kernels fits is computed by tiles, or, where a head has few scores, N · M, under a mask: by libtorch's fused
 * attention on a processor, up to 256² scores where every head sees one range of distances, up to 512² where some see more, as with
 * {@code sp}, for each range has tiles of its own; by the masked kernel on a GPU, up to 192². On two cores of an AMD EPYC with AVX-512, which
 * other programs used, too, with PyTorch 2.7.1 in float32, the faster of two runs' medians of forward + backward was, in milliseconds, masked
 * / sdpa / tiled, and in the last column libtorch's dense causal attention (batch 1, 16 heads of 64):
 *
 * <table>
 *   <caption>Where the kernels meet</caption>
 *   <tr><th>N</th><th>sp</th><th>exclusive</th><th>causal</th></tr>
 *   <tr><td>128</td><td>4.6 / 3.0 / 10.2</td><td>3.7 / 2.8 / 7.3</td><td>2.9</td></tr>
 *   <tr><td>192</td><td>6.5 / 5.2 / 12.8</td><td>5.8 / 5.4 / 8.8</td><td>4.2</td></tr>
 *   <tr><td>256</td><td>16 / 8.2 / 15</td><td>13 / 8.4 / 8.6</td><td>6.9</td></tr>
 *   <tr><td>384</td><td>21 / 16 / 17</td><td>22 / 18 / 11</td><td>15</td></tr>
 *   <tr><td>512</td><td>44 / 29 / 20</td><td>37 / 32 / 11</td><td>27</td></tr>
 *   <tr><td>768</td><td>195 / 56 / 36</td><td>202 / 70 / 19</td><td>43</td></tr>
 *   <tr><td>1024</td><td>363 / 102 / 44</td><td>361 / 127 / 21</td><td>73</td></tr>
 * </table>
 *
 * <p>So a pattern costs about what dense attention does where it cannot be faster.
 *
 * <p>Layers that share an instance share its plans, so a model gives all its layers the same one.
 */
public final class AutoKernel implements AttentionKernel {

    /** Below so many scores a head, the bookkeeping of tiles costs more than the scores that it saves. */
    private static final long FEW_SCORES = 256 * 256;

    /** The same where a head sees several ranges. */
    private static final long FEW_SCORES_OF_RANGES = 512 * 512;

    /** The same on a GPU. */
    private static final long FEW_SCORES_ON_A_GPU = 192 * 192;

    private final Candidate dense =
            new Candidate(new DenseKernel(), "every head sees the whole past: libtorch's fused dense attention");
    private final Candidate fused = new Candidate(new FusedKernel(), "this project's GPU kernel: only the tiles that each head's ranges"
            + " reach, under one softmax");
    private final Candidate window =
            new Candidate(new WindowKernel(), "one band of distances a head: FlashAttention with sliding windows");
    private final Candidate sdpa = new Candidate(new SdpaKernel(), "few scores a head: libtorch's fused attention computes all of them for"
            + " less than planning tiles costs");
    private final Candidate masked =
            new Candidate(new MaskedKernel(), "few scores a head: computing all of them costs less than planning tiles");
    private final Candidate tiled = new Candidate(new TiledKernel(), "only the tiles that the pattern allows");

    private final PlanCache<AttentionCall, Choice> choices = new PlanCache<>(this::decide, choice -> {});

    private record Candidate(AttentionKernel kernel, String reason) {}

    /**
     * A kernel and why it was taken.
     *
     * @param kernel the kernel
     * @param reason the reason, for people
     * @param passedOver the kernels that would have been preferred, by name, and why each does not fit
     */
    public record Choice(AttentionKernel kernel, String reason, Map<String, String> passedOver) {}

    @Override
    public String name() {
        return "auto";
    }

    /**
     * Chooses the kernel for a call.
     *
     * @param call the call; {@link #attend} is the engine's to differentiate, a training loop that runs a kernel's own backward
     *     pass asks with {@link GradientMode#EXPLICIT}
     * @return the kernel
     */
    public Choice choose(AttentionCall call) {
        return choices.use(call, choice -> choice); // nothing of it is released
    }

    private Choice decide(AttentionCall call) {
        Map<String, String> passedOver = new LinkedHashMap<>();
        for (Candidate candidate : preferred(call)) {
            Optional<String> unsupported = candidate.kernel.unsupported(call);
            if (unsupported.isEmpty()) {
                return new Choice(candidate.kernel, candidate.reason, passedOver);
            }
            passedOver.put(candidate.kernel.name(), unsupported.get());
        }
        Candidate general = (long) call.queryLength() * call.keyLength() >= fewScores(call) ? tiled : call.device().isGpu() ? masked : sdpa;
        return new Choice(general.kernel, general.reason, passedOver);
    }

    private static long fewScores(AttentionCall call) {
        if (call.device().isGpu()) {
            return FEW_SCORES_ON_A_GPU;
        }
        boolean oneRange = call.headMasks().stream().allMatch(mask -> mask.bands().size() <= 1 && mask.prefixKeys() == 0
                && mask.stride().equals(Stride.NONE) && mask.blocks().isEmpty());
        return oneRange ? FEW_SCORES : FEW_SCORES_OF_RANGES;
    }

    /** The kernels for special cases, best first. What none of them fits is for those that compute everything. */
    private List<Candidate> preferred(AttentionCall call) {
        if (call.documents()) {
            return List.of(fused, window, dense); // the dense kernel then needs a mask of N x N
        }
        boolean seesAll = dense.kernel.unsupported(call).isEmpty();
        boolean fusedIsFaster = !seesAll || fused.kernel.unsupported(call).isEmpty() && FusedKernel.isTuned(call);
        return fusedIsFaster ? List.of(fused, dense, window) : List.of(dense, fused, window);
    }

    @Override
    public AttentionKernel kernelFor(AttentionCall call) {
        return choose(call).kernel;
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        return kernelFor(AttentionCall.ofAttend(queries, keys, values, documents, layout, dropout, training))
                .attend(queries, keys, values, documents, layout, dropout, training);
    }
}
