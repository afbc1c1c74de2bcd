package ai.spattention.attention.auto;

import ai.djl.ndarray.NDArray;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.engine.DenseKernel;
import ai.spattention.attention.engine.MaskedKernel;
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
 * <p>What none of the special kernels fits goes to the masked kernel where a head has few scores, N · M, and to the tiled one from there on:
 * 192² scores where every head sees one range of distances, 256² where some see more, as with {@code sp}, for each range has tiles of its own.
 * On two cores of an AMD EPYC (Zen 3) that other programs kept busy, with PyTorch 2.7.1 in float32, the fastest of 20 to 40 repetitions of
 * forward + backward took, in milliseconds, masked / tiled, and in the last column libtorch's dense causal attention:
 *
 * <table>
 *   <caption>Where the kernels meet</caption>
 *   <tr><th>batch x heads x head dimension</th><th>N</th><th>sp</th><th>exclusive</th><th>causal</th></tr>
 *   <tr><td>1 x 16 x 64</td><td>128</td><td>11 / 39</td><td>11 / 12</td><td>4</td></tr>
 *   <tr><td>1 x 16 x 64</td><td>192</td><td>22 / 58</td><td>21 / 17</td><td>7</td></tr>
 *   <tr><td>1 x 16 x 64</td><td>256</td><td>52 / 59</td><td>33 / 18</td><td>12</td></tr>
 *   <tr><td>1 x 16 x 64</td><td>320</td><td>81 / 76</td><td>69 / 25</td><td>30</td></tr>
 *   <tr><td>1 x 16 x 64</td><td>384</td><td>131 / 96</td><td>124 / 30</td><td>34</td></tr>
 *   <tr><td>8 x 6 x 32</td><td>192</td><td>42 / 105</td><td>35 / 49</td><td>13</td></tr>
 *   <tr><td>8 x 6 x 32</td><td>256</td><td>79 / 133</td><td>89 / 70</td><td>23</td></tr>
 * </table>
 *
 * <p>Cores that are busy slow the many small operations of the tiled kernel down more than the few large ones of the masked one: by the
 * processor time of one thread the tiled kernel costs half as much at N = 256 already (10 against 20 ms for {@code sp}). Between 192
 * and 320 either may win, and the tiled one keeps less in memory; so it is taken from 256 on. Dense attention itself, faster than both up to
 * some hundred tokens ({@code docs/benchmarks.md}), cannot stand in for a pattern: it computes something else.
 *
 * <p>Layers that share an instance share its plans, so a model gives all its layers the same one.
 */
public final class AutoKernel implements AttentionKernel {

    /** Below so many scores a head, the bookkeeping of tiles costs more than the scores that it saves. */
    private static final long FEW_SCORES = 192 * 192;

    /** The same where a head sees several ranges, on a processor. */
    private static final long FEW_SCORES_OF_RANGES = 256 * 256;

    private final Candidate dense =
            new Candidate(new DenseKernel(), "every head sees the whole past: libtorch's fused dense attention");
    private final Candidate fused = new Candidate(new FusedKernel(), "this project's GPU kernel: only the tiles that each head's ranges"
            + " reach, under one softmax");
    private final Candidate window =
            new Candidate(new WindowKernel(), "one band of distances a head: FlashAttention with sliding windows");
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
            Optional<String> misfit = candidate.kernel.misfit(call);
            if (misfit.isEmpty()) {
                return new Choice(candidate.kernel, candidate.reason, passedOver);
            }
            passedOver.put(candidate.kernel.name(), misfit.get());
        }
        Candidate general = (long) call.queryLength() * call.keyLength() < fewScores(call) ? masked : tiled;
        return new Choice(general.kernel, general.reason, passedOver);
    }

    private static long fewScores(AttentionCall call) {
        boolean oneRange = call.headMasks().stream().allMatch(mask -> mask.bands().size() <= 1 && mask.prefixKeys() == 0
                && mask.stride().equals(Stride.NONE) && mask.blocks().isEmpty());
        return oneRange || call.device().isGpu() ? FEW_SCORES : FEW_SCORES_OF_RANGES;
    }

    /** The kernels for special cases, best first. What none of them fits is for those that compute everything. */
    private List<Candidate> preferred(AttentionCall call) {
        if (call.documents()) {
            return List.of(fused, window, dense); // the dense kernel then needs a mask of N x N
        }
        boolean seesAll = dense.kernel.misfit(call).isEmpty();
        boolean fusedIsFaster = !seesAll || fused.kernel.misfit(call).isEmpty() && FusedKernel.isTuned(call);
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
