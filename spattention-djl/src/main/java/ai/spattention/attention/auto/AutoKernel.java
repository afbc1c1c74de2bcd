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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Takes, call by call, the fastest kernel that fits: the one place that chooses.
 *
 * <p>Layers that share an instance share its plans, so a model gives all its layers the same one.
 */
public final class AutoKernel implements AttentionKernel {

    /** Below so many scores a head, the bookkeeping of tiles costs more than the scores that it saves (measured on a CPU). */
    private static final long FEW_SCORES = 192 * 192;

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
        Candidate general = (long) call.queryLength() * call.keyLength() < FEW_SCORES ? masked : tiled;
        return new Choice(general.kernel, general.reason, passedOver);
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
