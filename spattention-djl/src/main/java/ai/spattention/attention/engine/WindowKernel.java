package ai.spattention.attention.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionShape;
import ai.spattention.attention.AutogradAttention;
import ai.spattention.attention.ExplicitGradientKernel;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.PlanMemory;
import ai.spattention.pattern.HeadMask;
import ai.spattention.torch.AutogradOperator;
import ai.spattention.torch.EngineArrays;
import ai.spattention.torch.TorchScriptModule;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Patterns in which each head sees one band of distances and nothing else, such as exclusive, local and gapped, by libtorch's
 * own FlashAttention with a sliding window: the heads' sequences, shortened by the starts of their bands, are packed and
 * computed by one call for each width of band ({@link WindowPlan}). On a GPU only. Under libtorch's autograd, too, it runs a backward
 * pass of its own ({@link AutogradOperator}).
 */
public final class WindowKernel implements ExplicitGradientKernel {

    private static final int LARGEST_HEAD_DIM = 256;
    private static final int HEAD_DIM_UNIT = 8;

    private static final Supplier<TorchScriptModule> FLASH = () -> Operators.FLASH;

    /** One for all instances: the operator of autograd keeps what it was given. */
    private static final PlanCache<PlanKey, DevicePlan> PLANS =
            new PlanCache<>(WindowKernel::build, plan -> plan.manager.close());

    private final Supplier<TorchScriptModule> operators;
    private final boolean gpuOnly;

    private record PlanKey(List<HeadMask> masks, int batch, int numKvHeads, int length, Device device) {}

    /** A plan as the operators take it, named as their parameters are. */
    private record DevicePlan(NDManager manager, NDArray groupRows, NDArray groupSequences, NDArray groupLongest, NDArray groupLeft,
            NDArray queryRows, NDArray keyRows, NDArray keyGradientRows, NDArray sequenceEnds) {}

    /** Loaded when first used. */
    private static final class Operators {
        static final TorchScriptModule FLASH =
                TorchScriptModule.load(WindowKernel.class, "flash.torchscript", "window.torchscript");
    }

    /** Creates the kernel. */
    public WindowKernel() {
        this(FLASH, true);
    }

    /**
     * Creates the kernel with other operators on packed sequences.
     *
     * @param operators the operators of window.torchscript together with some that take the place of flash.torchscript's
     * @param gpuOnly whether they demand a GPU and a type of 16 bits
     */
    WindowKernel(Supplier<TorchScriptModule> operators, boolean gpuOnly) {
        this.operators = operators;
        this.gpuOnly = gpuOnly;
    }

    @Override
    public String name() {
        return "window";
    }

    @Override
    public Optional<String> unsupported(AttentionCall call) {
        if (call.unsupportedPattern().isPresent()) {
            return call.unsupportedPattern();
        }
        if (gpuOnly && !call.device().isGpu()) {
            return Optional.of("it needs a GPU (the arrays are on " + call.device() + ")");
        }
        if (gpuOnly && call.type() != DataType.BFLOAT16 && call.type() != DataType.FLOAT16) {
            return Optional.of("it takes bfloat16 or float16 (got " + call.typeName() + ")");
        }
        if (call.headDim() > LARGEST_HEAD_DIM || call.headDim() % HEAD_DIM_UNIT != 0) {
            return Optional.of("its head dimension must be a multiple of " + HEAD_DIM_UNIT + " of at most "
                    + LARGEST_HEAD_DIM + " (got " + call.headDim() + ")");
        }
        if (call.queryLength() != call.keyLength()) {
            return Optional.of("it computes no queries after cached keys (got " + call.queryLength() + " queries and "
                    + call.keyLength() + " keys)");
        }
        if (call.documents()) {
            return Optional.of("it cannot keep packed documents apart");
        }
        if (call.dropout()) {
            return Optional.of("it cannot drop attention weights");
        }
        List<HeadMask> masks = call.headMasks();
        for (int head = 0; head < masks.size(); head++) {
            HeadMask mask = masks.get(head);
            if (mask.bands().size() > 1 || mask.prefixKeys() > 0 || !mask.stride().isEmpty() || !mask.blocks().isEmpty()) {
                return Optional.of("it computes one band of distances a head, and head " + head + " sees more than that");
            }
        }
        return call.gradients() == GradientMode.ENGINE
                ? AutogradOperator.unsupported(call.device()).map(reason -> "it trains in segments only: " + reason) : Optional.empty();
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionCall.ofAttend(queries, keys, values, documents, layout, dropout, training).requireFit(this);
        if (training) {
            return new AutogradAttention(this, layout, dropout).attend(queries, keys, values, documents);
        }
        NDList results = forward(queries, keys, values, layout, false);
        results.get(1).close();
        return results.get(0);
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout) {
        AttentionCall.of(queries, keys, values, documents, layout, dropout.rate(), GradientMode.EXPLICIT).requireFit(this);
        // not as inference tensors: the result goes on into what autograd records
        return forward(queries, keys, values, layout, true);
    }

    private NDList forward(NDArray queries, NDArray keys, NDArray values, AttentionLayout layout, boolean differentiable) {
        return PLANS.use(planKey(queries, keys, values, layout), plan -> {
            Object[] arguments = {queries, keys, values, plan.groupRows, plan.groupSequences, plan.groupLongest, plan.groupLeft,
                    plan.queryRows, plan.keyRows, plan.sequenceEnds};
            return differentiable ? operators.get().call("window_forward", arguments) : operators.get().infer("window_forward", arguments);
        });
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout, NDList forward, NDArray gradient) {
        AttentionCall.of(queries, keys, values, documents, layout, dropout.rate(), GradientMode.EXPLICIT).requireFit(this);
        AttentionShape.of(queries, keys, values).requireGradient(gradient);
        return PLANS.use(planKey(queries, keys, values, layout), plan -> operators.get().call("window_backward", queries, keys, values,
                gradient, forward.get(0), forward.get(1), plan.groupRows, plan.groupSequences, plan.groupLongest, plan.groupLeft,
                plan.queryRows, plan.keyRows, plan.keyGradientRows, plan.sequenceEnds));
    }

    private static PlanKey planKey(NDArray queries, NDArray keys, NDArray values, AttentionLayout layout) {
        AttentionShape shape = AttentionShape.of(queries, keys, values);
        return new PlanKey(layout.headMasks(shape.numHeads(), shape.keyLength()), shape.batch(),
                shape.numKvHeads(), shape.keyLength(), queries.getDevice());
    }

    private static DevicePlan build(PlanKey key) {
        return PlanMemory.with("window plans", key.device, manager -> build(key, manager));
    }

    private static DevicePlan build(PlanKey key, NDManager manager) {
        WindowPlan plan = WindowPlan.of(key.masks, key.batch, key.numKvHeads, key.length);
        List<WindowPlan.Group> groups = plan.groups();
        return new DevicePlan(manager,
                EngineArrays.onHost(manager, groups.stream().mapToLong(plan::rows).toArray()),
                EngineArrays.onHost(manager, groups.stream().mapToLong(plan::sequences).toArray()),
                EngineArrays.onHost(manager, groups.stream().mapToLong(plan::longest).toArray()),
                EngineArrays.onHost(manager, groups.stream().mapToLong(group -> group.width() - 1).toArray()),
                EngineArrays.of(manager, groups.stream().map(plan::queryRows).flatMapToLong(Arrays::stream).toArray()),
                EngineArrays.of(manager, groups.stream().map(plan::keyRows).flatMapToLong(Arrays::stream).toArray()),
                EngineArrays.of(manager, groups.stream().map(plan::keyGradientRows).flatMapToLong(Arrays::stream).toArray()),
                EngineArrays.of(manager, groups.stream().map(plan::sequenceEnds).flatMapToInt(Arrays::stream).toArray()));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WindowKernel kernel && kernel.operators == operators;
    }

    @Override
    public int hashCode() {
        return operators.hashCode();
    }
}
