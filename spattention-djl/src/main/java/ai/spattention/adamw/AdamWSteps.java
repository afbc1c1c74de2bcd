package ai.spattention.adamw;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;

/**
 * The launches of AdamW over flat arrays, with the gradients' norm, clipping, and the skipping of an update whose loss or norm is no finite
 * number: all of it decided on the device. The kernels are {@code src/main/kernel/adamw}.
 */
public final class AdamWSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(AdamWSteps.class, "");

    private static final int BLOCK = 1024;

    /** Gradients of one program that adds up squares, at least. */
    private static final long SQUARES_OF_PROGRAM = 1L << 16;

    /** An array may be cut at multiples of so many elements without changing what {@link #squares} gives of them: two programs' worth. */
    public static final long CUT = 2 * SQUARES_OF_PROGRAM;

    /** What {@link #begin} writes: how many numbers. */
    public static final int STATE_SIZE = 8;

    /** Where the gradients' norm stands in the state. */
    public static final int STATE_NORM = 1;

    /** Where the state says whether the update is skipped: 1, else 0. */
    public static final int STATE_SKIPPED = 2;

    private AdamWSteps() {}

    /**
     * The method's constants.
     *
     * @param beta1 the decay of the mean
     * @param beta2 the decay of the variance
     * @param epsilon what is added to the root of the variance
     */
    public record Constants(double beta1, double beta2, double epsilon) {}

    /**
     * Adds gradients to sums.
     *
     * @param launches where the step goes
     * @param gradients [n], float32, n a multiple of 64
     * @param sums [n], float32, added to
     */
    public static void accumulate(Launches launches, Tensor gradients, Tensor sums) {
        long count = sums.require(Type.FLOAT32, -1).size(0);
        launches.add(new KernelStep(LIBRARY, "add_gradients", launches.target()).with("grads", gradients.require(Type.FLOAT32, count))
                .with("sums", sums).with("count", count).grid((count - 1) / BLOCK + 1, 1, 1));
    }

    /**
     * The sums of squares of an array's parts.
     *
     * @param launches where the step goes
     * @param gradients [n], float32, n a multiple of 64
     * @param parts [{@link #parts}(n)], float64 (8 bytes of any type), written
     */
    public static void squares(Launches launches, Tensor gradients, Tensor parts) {
        launches.add(new KernelStep(LIBRARY, "square_parts", launches.target()).with("grads", gradients).with("parts", parts)
                .with("count", gradients.elements()).with("each", SQUARES_OF_PROGRAM).grid(parts.elements(), 1, 1));
    }

    /**
     * How many parts {@link #squares} makes.
     *
     * @param elements n
     * @return an even number, so that the next array's parts begin where kernels may write them
     */
    public static long parts(long elements) {
        long programs = (elements - 1) / SQUARES_OF_PROGRAM + 1;
        return programs + programs % 2;
    }

    /**
     * Decides an update.
     *
     * @param launches where the step goes
     * @param parts the sums of squares of all gradients, float64
     * @param loss [1], float32
     * @param rates the learning rate of update t at t, float32
     * @param updates [1], int64: how many updates there were; counted on unless the update is skipped
     * @param state [{@link #STATE_SIZE}], float32, written
     * @param divisor what gradients are divided by: micro-batches
     * @param maxNorm the largest norm that stays as it is; 0 for no clipping
     * @param constants the method's constants
     */
    public static void begin(Launches launches, Tensor parts, Tensor loss, Tensor rates, Tensor updates, Tensor state,
            int divisor, double maxNorm, Constants constants) {
        launches.add(new KernelStep(LIBRARY, "begin_update", launches.target()).with("parts", parts).with("loss", loss).with("rates", rates)
                .with("updates", updates).with("state", state).with("programs", parts.elements()).with("divisor", divisor)
                .with("max_norm", maxNorm).with("log2_beta1", log2(constants.beta1)).with("log2_beta2", log2(constants.beta2)));
    }

    private static double log2(double number) {
        return Math.log(number) / Math.log(2);
    }

    /**
     * Updates weights in two halves.
     *
     * @param launches where the step goes
     * @param high [n], updated
     * @param low [n], updated
     * @param moments gradients and moments
     * @param state from {@link #begin}
     * @param constants the method's constants
     * @param decay the weight decay
     */
    public static void update(Launches launches, Tensor high, Tensor low, Moments moments, Tensor state,
            Constants constants, double decay) {
        long count = moments.gradients.size(0);
        launches.add(update("adamw_split", launches.target(), moments, state, constants, decay).with("high", high.require(high.type(), count))
                .with("low", low.require(low.type(), count)));
    }

    /**
     * Updates float32 weights.
     *
     * @param launches where the step goes
     * @param weights [n], updated
     * @param moments gradients and moments
     * @param state from {@link #begin}
     * @param constants the method's constants
     * @param decay the weight decay
     */
    public static void update(Launches launches, Tensor weights, Moments moments, Tensor state, Constants constants,
            double decay) {
        launches.add(update("adamw_plain", launches.target(), moments, state, constants, decay)
                .with("weights", weights.require(Type.FLOAT32, moments.gradients.size(0))));
    }

    /**
     * What an update reads beside the weights.
     *
     * @param gradients [n], float32
     * @param means [n], float32 or bfloat16, updated
     * @param variances [n], of the same type, updated
     */
    public record Moments(Tensor gradients, Tensor means, Tensor variances) {}

    private static KernelStep update(String kernel, CudaTarget target, Moments moments, Tensor state, Constants constants, double decay) {
        String type = moments.means.type() == Type.BFLOAT16 ? "-bf16" : "-fp32";
        long count = moments.gradients.require(Type.FLOAT32, -1).size(0);
        moments.means.require(moments.means.type(), count);
        moments.variances.require(moments.means.type(), count);
        return new KernelStep(LIBRARY, kernel + type, target).with("grads", moments.gradients).with("means", moments.means)
                .with("variances", moments.variances).with("state", state).with("count", count).with("beta1", constants.beta1)
                .with("beta2", constants.beta2).with("epsilon", constants.epsilon).with("decay", decay)
                .grid((count - 1) / BLOCK + 1, 1, 1);
    }
}
