package ai.spattention.attention;

/** Who computes the gradients of an attention call. */
public enum GradientMode {

    /** Nobody: inference. */
    NONE,

    /** The engine's autograd, as in any DJL model: the kernel must be differentiable by libtorch. */
    ENGINE,

    /** The training loop, through {@link ExplicitGradientKernel#backward} where the kernel has one. */
    EXPLICIT
}
