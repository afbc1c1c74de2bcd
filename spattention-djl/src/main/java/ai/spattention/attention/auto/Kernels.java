package ai.spattention.attention.auto;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.engine.DenseKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.attention.engine.WindowKernel;
import ai.spattention.attention.fused.FusedKernel;
import ai.spattention.common.InvalidInputException;

/** Finds kernels by name. */
public final class Kernels {

    /** The names that {@link #of} knows. */
    public static final String NAMES = "auto, fused, window, tiled, masked, dense";

    private Kernels() {}

    /**
     * Creates a kernel.
     *
     * @param name one of {@link #NAMES}
     * @return the kernel
     * @throws InvalidInputException if no kernel has the name
     */
    public static AttentionKernel of(String name) {
        return switch (name) {
            case "auto" -> new AutoKernel();
            case "fused" -> new FusedKernel();
            case "masked" -> new MaskedKernel();
            case "tiled" -> new TiledKernel();
            case "dense" -> new DenseKernel();
            case "window" -> new WindowKernel();
            default -> throw new InvalidInputException("unknown attention kernel '" + name + "': choose one of " + NAMES);
        };
    }
}
