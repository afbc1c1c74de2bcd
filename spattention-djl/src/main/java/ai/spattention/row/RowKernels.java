package ai.spattention.row;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.InvalidInputException;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.Launch;
import ai.spattention.plan.KernelStep;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TorchScriptModule;

/**
 * RMS normalisation, rotation, gated activation and cross-entropy, forward and backward, in one GPU launch each. Nothing is recorded for the
 * engine's autograd, nothing waits for the device, and the same inputs give the same bits.
 *
 * <p>Letters: rows = all axes of an array but the last, which has {@code size} numbers.
 */
public final class RowKernels {

    private static final int LARGEST_SIZE = 4096;
    private static final int UNIT = 16;
    private static final int SMALLEST_BLOCK = 512;
    private static final int UNIT_OF_CLASSES = 8;
    private static final int BLOCK_OF_CLASSES = 4096;
    private static final int LARGEST_BACKWARD_PROGRAMS = 1056; // 8 a multiprocessor of an H100

    static final KernelLibrary LIBRARY = KernelLibrary.beside(RowKernels.class, "");

    private RowKernels() {}

    /** Bound when first used, so that the class loads where there is no engine. */
    private static final class Operators {
        static final TorchScriptModule MODULE = TorchScriptModule.load(RowKernels.class, "rows.torchscript");
    }

    private static boolean serves(NDArray array, long size) {
        return array.getDevice().isGpu() && size % UNIT == 0 && size <= LARGEST_SIZE
                && LIBRARY.runsOn(array.getDevice().getDeviceId());
    }

    private static long sizeOf(NDArray array) {
        Shape shape = array.getShape();
        return shape.get(shape.dimension() - 1);
    }

    /**
     * Whether the norm's kernel takes an array.
     *
     * @param x the array
     * @return true for float32 on a GPU of compute capability 8.0 or newer, rows of at most 4,096 numbers, a multiple of 16
     */
    public static boolean servesNorm(NDArray x) {
        return x.getDataType() == DataType.FLOAT32 && serves(x, sizeOf(x));
    }

    /**
     * Whether the rotation's kernel takes an array.
     *
     * @param x [B, N, H D]
     * @param headDim D
     * @return true for bfloat16 on such a GPU, head dimension 64 or 128
     */
    public static boolean servesRotation(NDArray x, int headDim) {
        return Bfloat16.is(x) && (headDim == 64 || headDim == 128) && serves(x, sizeOf(x));
    }

    /**
     * Whether the gated activation's kernel serves experts.
     *
     * @param tokens the tokens' states, whose type and device count
     * @param size an expert's width
     * @return true for bfloat16 on such a GPU
     */
    public static boolean servesGate(NDArray tokens, long size) {
        return Bfloat16.is(tokens) && serves(tokens, size);
    }

    private static Launch launch() {
        return new Launch(LIBRARY);
    }

    private static void run(Launch launch, String kernel, long block, int programs) {
        launch.run(launch.variant(kernel + "-" + block), programs, 1, 1);
    }

    private static int rowsOf(NDArray array) {
        return Math.toIntExact(array.size() / sizeOf(array));
    }

    private static int programs(int rows) {
        return Math.min(rows, LARGEST_BACKWARD_PROGRAMS);
    }

    private static NDArray dense(NDArray array) {
        return Operators.MODULE.call("dense", true, array).singletonOrThrow();
    }

    /**
     * Normalises rows, of a sum if there are two summands.
     *
     * @param x [..., size], float32
     * @param branch what is added to x first, [..., size], bfloat16; null for nothing
     * @param weight [size], float32
     * @param epsilon what is added to the mean square
     * @return norm(x) [..., size] in bfloat16 and 1 / √(mean square + ε) of each row; and the sum in float32 if there is a branch
     */
    static NDList normForward(NDArray x, NDArray branch, NDArray weight, float epsilon) {
        boolean add = branch != null;
        try (NDManager scope = add ? Scopes.over(x, branch) : Scopes.over(x)) {
            NDList results = Operators.MODULE.call("row_results", true, x);
            Launch launch = launch().with("x", x).with("weight", weight).with("y", results.get(0)).with("root", results.get(1))
                    .with("size", sizeOf(x)).with("epsilon", epsilon);
            if (add) {
                results.add(scope.create(x.getShape(), DataType.FLOAT32));
                launch.with("branch", dense(branch)).with("total", results.get(2));
            }
            run(launch, "norm_forward" + (add ? "-add" : ""), KernelStep.block(sizeOf(x), 1024), rowsOf(x));
            return scope.ret(results);
        }
    }

    /**
     * The gradients of {@link #normForward}.
     *
     * @param x what was normalised: the sum if there was a branch, float32
     * @param weight [size]
     * @param root of each row, from the forward pass
     * @param gradient of the normalised rows, bfloat16
     * @param totalGradient of the sum, float32; null if there was no branch
     * @return the gradients of x (float32) and of the weight; and of the branch (bfloat16) if there was one
     */
    static NDList normBackward(NDArray x, NDArray weight, NDArray root, NDArray gradient, NDArray totalGradient) {
        boolean add = totalGradient != null;
        int rows = rowsOf(x);
        int programs = programs(rows);
        try (NDManager scope = add ? Scopes.over(x, gradient, totalGradient) : Scopes.over(x, gradient);
                NDManager numbers = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList results = Operators.MODULE.call("row_gradients", true, x, numbers.create(programs));
            Launch launch = launch().with("x", x).with("weight", weight).with("root", root).with("y_grad", dense(gradient))
                    .with("x_grad", results.get(0)).with("weight_grad", results.get(1))
                    .with("rows", rows).with("size", sizeOf(x)).with("each", (rows - 1) / programs + 1);
            if (add) {
                launch.with("total_grad", dense(totalGradient)).with("branch_grad", results.get(2));
            }
            run(launch, "norm_backward" + (add ? "-add" : ""), KernelStep.block(sizeOf(x), 1024), programs);
            NDList gradients = new NDList(results.get(0), sum(results.get(1)));
            if (add) {
                gradients.add(results.get(2));
            }
            return scope.ret(gradients);
        }
    }

    private static NDArray sum(NDArray parts) {
        return Operators.MODULE.call("sum_programs", true, parts).singletonOrThrow();
    }

    /**
     * Normalises rows of heads and turns each head's pairs by the row's position.
     *
     * @param x [B, N, H D], bfloat16
     * @param weight [H D], float32
     * @param table cosine and sine of each position's angles, [positions, D/2], float32
     * @param firstPosition the position of the first of the N rows
     * @param epsilon what is added to the mean square
     * @return a view [B, H, N, D] in bfloat16, and 1 / √(mean square + ε) of each row
     */
    static NDList rotateForward(NDArray x, NDArray weight, NDList table, int firstPosition, float epsilon) {
        long half = table.get(0).getShape().get(1);
        try (NDManager scope = Scopes.over(x); NDManager numbers = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList results = Operators.MODULE.call("row_results", true, x);
            Launch launch = launch().with("x", x).with("weight", weight).with("cos", table.get(0)).with("sin", table.get(1))
                    .with("y", results.get(0)).with("root", results.get(1)).with("size", sizeOf(x))
                    .with("length", x.getShape().get(1)).with("first", firstPosition).with("epsilon", epsilon);
            run(launch, "rotate_forward-half" + half, KernelStep.block(sizeOf(x) / 2, SMALLEST_BLOCK), rowsOf(x));
            NDArray heads = Operators.MODULE.call("heads_of", true, results.get(0), numbers.create(sizeOf(x) / (2 * half)))
                    .singletonOrThrow();
            return scope.ret(new NDList(heads, results.get(1)));
        }
    }

    /**
     * The gradients of {@link #rotateForward}.
     *
     * @param x [B, N, H D]
     * @param weight [H D]
     * @param table as in the forward pass
     * @param firstPosition as in the forward pass
     * @param root of each row, from the forward pass
     * @param gradient of the view, [B, H, N, D], bfloat16
     * @return the gradients of x (bfloat16) and of the weight
     */
    static NDList rotateBackward(NDArray x, NDArray weight, NDList table, int firstPosition, NDArray root, NDArray gradient) {
        int rows = rowsOf(x);
        int programs = programs(rows);
        long half = table.get(0).getShape().get(1);
        try (NDManager scope = Scopes.over(x, gradient); NDManager numbers = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList results = Operators.MODULE.call("row_gradients", true, x, numbers.create(programs));
            NDArray arriving = Operators.MODULE.call("rows_of", true, gradient).singletonOrThrow();
            Launch launch = launch().with("x", x).with("weight", weight).with("cos", table.get(0)).with("sin", table.get(1)).with("root", root)
                    .with("y_grad", arriving).with("x_grad", results.get(0)).with("weight_grad", results.get(1)).with("rows", rows)
                    .with("size", sizeOf(x)).with("length", x.getShape().get(1)).with("first", firstPosition)
                    .with("each", (rows - 1) / programs + 1);
            run(launch, "rotate_backward-half" + half, KernelStep.block(sizeOf(x) / 2, SMALLEST_BLOCK), programs);
            return scope.ret(new NDList(results.get(0), sum(results.get(1))));
        }
    }

    /**
     * silu(gate) · up · weight.
     *
     * @param both gate before up, [rows, 2 size], bfloat16
     * @param rowWeights [rows], float32
     * @return [rows, size], bfloat16
     */
    public static NDArray gateForward(NDArray both, NDArray rowWeights) {
        try (NDManager scope = Scopes.over(both, rowWeights)) {
            NDList results = Operators.MODULE.call("gate_results", true, both);
            run(gate(both, rowWeights).with("inner", results.get(0)), "gate_forward", KernelStep.block(sizeOf(both) / 2, SMALLEST_BLOCK),
                    rowsOf(both));
            return scope.ret(results.get(0));
        }
    }

    /**
     * The gradients of {@link #gateForward}.
     *
     * @param both as in the forward pass
     * @param rowWeights as in the forward pass
     * @param gradient of the result, [rows, size], bfloat16
     * @return the result, computed again, and the gradients of both and of the rows' weights (float32)
     */
    public static NDList gateBackward(NDArray both, NDArray rowWeights, NDArray gradient) {
        try (NDManager scope = Scopes.over(both, rowWeights, gradient)) {
            NDList results = Operators.MODULE.call("gate_results", true, both);
            Launch launch = gate(both, rowWeights).with("inner_grad", dense(gradient)).with("inner", results.get(0))
                    .with("both_grad", results.get(1)).with("row_weight_grad", results.get(2));
            run(launch, "gate_backward", KernelStep.block(sizeOf(both) / 2, SMALLEST_BLOCK), rowsOf(both));
            return scope.ret(results);
        }
    }

    private static Launch gate(NDArray both, NDArray rowWeights) {
        return launch().with("both", both).with("row_weight", rowWeights).with("size", sizeOf(both) / 2);
    }

    /**
     * Whether the cross-entropy's kernel serves a model.
     *
     * @param hidden the hidden states, whose type and device count
     * @param classes V, the size of the vocabulary
     * @return true for bfloat16 on such a GPU, V a multiple of 8
     */
    public static boolean servesCrossEntropy(NDArray hidden, long classes) {
        return hidden.getDevice().isGpu() && Bfloat16.is(hidden) && classes % UNIT_OF_CLASSES == 0
                && LIBRARY.runsOn(hidden.getDevice().getDeviceId());
    }

    /**
     * The cross-entropy of some tokens' logits, which become its gradient.
     *
     * @param logits [n, V], bfloat16; afterwards (softmax - one-hot) / count, 0 for tokens without target
     * @param targets the targets of all T tokens, [T], int64; -100 for none
     * @param losses each token's loss is written here, 0 without target, NaN for a target that is no class; [T], float32
     * @param count by how many the sum of the losses will be divided, [], float32
     * @param first the first row's token
     * @throws InvalidInputException if there are not as many losses as targets, fewer than rows, or targets of another type
     */
    public static void crossEntropy(NDArray logits, NDArray targets, NDArray losses, NDArray count, long first) {
        if (targets.getDataType() != DataType.INT64 || losses.size() != targets.size() || first + rowsOf(logits) > targets.size()) {
            throw new InvalidInputException("the targets must be int64, one for each token, as the losses (got " + targets.getDataType()
                    + " " + targets.getShape() + ", losses " + losses.getShape() + ", logits " + logits.getShape() + " from token "
                    + first + ")");
        }
        Launch launch = launch().with("logits", logits).with("targets", targets).with("losses", losses).with("count", count)
                .with("first", first).with("size", sizeOf(logits));
        run(launch, "cross_entropy", BLOCK_OF_CLASSES, rowsOf(logits));
    }
}
