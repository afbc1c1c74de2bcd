package ai.spattention.olmoe.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;

/**
 * A tensor of a Hugging Face checkpoint and where it lives in the model: a whole parameter, or some rows of one expert in a
 * stacked one.
 *
 * @param name the tensor's name in the checkpoint
 * @param shape the tensor's shape
 * @param parameter the model's parameter
 * @param expert the expert in a stacked parameter, or -1 if the tensor is the whole parameter
 * @param firstRow the expert's first row that belongs to the tensor, 0 for a whole parameter
 */
public record TensorSlot(String name, Shape shape, Parameter parameter, int expert, long firstRow) {

    static TensorSlot whole(String name, Shape shape, Parameter parameter) {
        return new TensorSlot(name, shape, parameter, -1, 0);
    }

    /**
     * Whether the tensor is the whole parameter.
     *
     * @return false for a part of a stacked parameter
     */
    public boolean isWhole() {
        return expert < 0;
    }

    /**
     * Cuts the tensor out of the parameter's values, or out of anything of the parameter's shape, such as its gradient.
     *
     * @param values an array of the parameter's shape
     * @return the tensor's values: a view that shares memory with {@code values}, attached to the same manager, or {@code
     *     values} itself for a whole parameter
     */
    public NDArray of(NDArray values) {
        return isWhole() ? values : values.get(rows());
    }

    /** The part of a stacked parameter that the tensor fills. */
    NDIndex rows() {
        return new NDIndex("{}, {}:{}", expert, firstRow, firstRow + shape.get(0));
    }
}
