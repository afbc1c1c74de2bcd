package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;

/**
 * Padding as the kernels know it: what is padding is a document of its own, from which nothing of the others is seen. So it costs no
 * mask of N × M pairs.
 */
final class Padding {

    private Padding() {}

    /**
     * Makes documents of what a model hands over beside its input.
     *
     * @param given documents [B, M], whole numbers; a padding mask [B, M], floating-point or boolean, 1 for positions to keep and 0
     *     for padding; or valid lengths [B], numbers from 0 to M. The numbers of the latter two are looked at, which waits for the device
     * @param batch B
     * @param keyLength M
     * @return [B, M], int64, attached to the given array's manager; the given array itself if it is that
     * @throws InvalidInputException if the shape, the type or a number is another
     */
    static NDArray documents(NDArray given, long batch, long keyLength) {
        boolean lengths = given.getShape().dimension() == 1;
        Shape wanted = lengths ? new Shape(batch) : new Shape(batch, keyLength);
        if (!given.getShape().equals(wanted)) {
            throw new InvalidInputException((lengths ? "valid lengths must be [B] = [" + batch : "documents, or a padding mask, must be"
                    + " [B, M] = [" + batch + ", " + keyLength) + "] (got " + given.getShape() + ")");
        }
        if (lengths) {
            return ofLengths(given, keyLength);
        }
        if (given.getDataType() == DataType.INT64) {
            return given;
        }
        if (given.getDataType().isInteger()) {
            return given.toType(DataType.INT64, true);
        }
        try (NDArray numbers = given.toType(DataType.FLOAT32, true); NDArray padding = numbers.eq(0)) {
            requireZerosAndOnes(numbers, padding);
            return padding.toType(DataType.INT64, true);
        }
    }

    private static NDArray ofLengths(NDArray given, long keyLength) {
        if (given.getDataType().isBoolean()) {
            throw new InvalidInputException("valid lengths must be numbers (got boolean): a padding mask has two axes, [B, M]");
        }
        try (NDArray whole = given.toType(DataType.INT64, true)) {
            for (long length : whole.toLongArray()) {
                if (length < 0 || length > keyLength) {
                    throw new InvalidInputException("valid lengths must lie in [0, M] = [0, " + keyLength + "] (got " + length + ")");
                }
            }
            try (NDArray positions = given.getManager().arange(0, (int) keyLength, 1, DataType.INT64);
                    NDArray row = positions.expandDims(0);
                    NDArray column = whole.expandDims(1);
                    NDArray beyond = row.gte(column)) {
                return beyond.toType(DataType.INT64, true);
            }
        }
    }

    /** A mask that is added to scores would mean the opposite here: 0 for what to keep. */
    private static void requireZerosAndOnes(NDArray numbers, NDArray zeros) {
        try (NDArray ones = numbers.eq(1);
                NDArray right = zeros.logicalOr(ones);
                NDArray all = right.all()) {
            if (!all.getBoolean()) {
                for (float number : numbers.toFloatArray()) {
                    if (number != 0 && number != 1) {
                        throw new InvalidInputException("a padding mask must hold 1 for positions to keep and 0 for padding (got "
                                + number + ")");
                    }
                }
            }
        }
    }
}
