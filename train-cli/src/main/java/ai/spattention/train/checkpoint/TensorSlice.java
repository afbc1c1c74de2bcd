package ai.spattention.train.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A part of a tensor in a safetensors file: {@code NAME[begin:end]}, of one axis, with the whole tensor's shape among the file's texts by
 * the key NAME. All of a tensor stands there as any tensor does.
 *
 * @param name the tensor's name
 * @param shape the whole tensor's shape
 * @param begin the first of its row-major elements
 * @param end the element after the last
 */
public record TensorSlice(String name, Shape shape, long begin, long end) {

    /**
     * Adds it to a file.
     *
     * @param file the file
     * @param type the type in the file
     * @param content gives the elements from begin to end when they are written, in any shape; the writer closes them
     */
    public void addTo(SafetensorsWriter file, TensorType type, Supplier<NDArray> content) {
        boolean isWhole = end - begin == shape.size();
        Shape stored = isWhole ? shape : new Shape(end - begin);
        if (!isWhole) {
            file.metadata(name, text(shape));
        }
        file.add(isWhole ? name : name + "[" + begin + ":" + end + "]", type, stored, () -> {
            try (NDArray array = content.get()) {
                return array.reshape(stored);
            }
        });
    }

    /** As a file's texts have it: {@code 64,128}. */
    static String text(Shape shape) {
        return Arrays.stream(shape.getShape()).mapToObj(Long::toString).collect(Collectors.joining(","));
    }
}
