package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Padding as the kernels know it: what is padding is a document of its own, from which nothing of the others is seen. So it costs no
 * mask of N × M pairs.
 */
final class Padding {

    private Padding() {}

    /**
     * Makes documents of what a model hands over beside its input.
     *
     * @param given documents [B, M], whole numbers; a padding mask [B, M], floating-point or boolean, 0 for padding; or valid lengths
     *     [B], of any type
     * @param batch B
     * @param keyLength M
     * @return [B, M], int64, attached to the given array's manager; the given array itself if it is that
     * @throws InvalidInputException if the shape is another
     */
    static NDArray documents(NDArray given, long batch, long keyLength) {
        boolean lengths = given.getShape().dimension() == 1;
        Shape wanted = lengths ? new Shape(batch) : new Shape(batch, keyLength);
        if (!given.getShape().equals(wanted)) {
            throw new InvalidInputException((lengths ? "valid lengths must be [B] = [" + batch : "documents, or a padding mask, must be"
                    + " [B, M] = [" + batch + ", " + keyLength) + "] (got " + given.getShape() + ")");
        }
        if (lengths) {
            try (NDArray positions = given.getManager().arange(0, (int) keyLength, 1, given.getDataType());
                    NDArray row = positions.expandDims(0);
                    NDArray column = given.expandDims(1);
                    NDArray beyond = row.gte(column)) {
                return beyond.toType(DataType.INT64, true);
            }
        }
        if (given.getDataType() == DataType.INT64) {
            return given;
        }
        if (given.getDataType().isInteger()) {
            return given.toType(DataType.INT64, true);
        }
        try (NDArray numbers = given.toType(DataType.FLOAT32, true); NDArray padding = numbers.eq(0)) {
            return padding.toType(DataType.INT64, true);
        }
    }
}
