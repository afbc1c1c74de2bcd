package ai.spattention.attention.fused;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.spattention.torch.Bfloat16;

/** A type of numbers, and how far the fused kernel's values and gradients may lie from a more exact computation's. */
enum Numbers {
    BFLOAT16(1e-2, 1.5e-2), FLOAT16(4e-3, 4e-3), FLOAT32(2e-5, 5e-5);

    final double values;
    final double gradients;

    Numbers(double values, double gradients) {
        this.values = values;
        this.gradients = gradients;
    }

    /** An array's numbers in the type. */
    NDArray of(NDArray array) {
        return switch (this) {
            case BFLOAT16 -> Bfloat16.of(array);
            case FLOAT16 -> array.toType(DataType.FLOAT16, false);
            case FLOAT32 -> array;
        };
    }
}
