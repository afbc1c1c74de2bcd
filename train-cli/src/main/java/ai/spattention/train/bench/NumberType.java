package ai.spattention.train.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.spattention.torch.Bfloat16;
import java.util.Locale;

/** The number format of a benchmark's arrays. */
public enum NumberType {

    /** 32 bits. */
    FLOAT32,

    /** 16 bits with the range of float32. */
    BFLOAT16,

    /** 16 bits. */
    FLOAT16;

    /** Converts; the array keeps its strides. */
    NDArray of(NDArray array) {
        return switch (this) {
            case FLOAT32 -> array;
            case BFLOAT16 -> Bfloat16.of(array);
            case FLOAT16 -> array.toType(DataType.FLOAT16, false);
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
