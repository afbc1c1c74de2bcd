package ai.spattention.plan;

import java.util.List;

/**
 * Fills an array with zeros.
 *
 * @param array an array without gaps
 */
public record FillStep(Tensor array) implements Step {

    @Override
    public List<Tensor> tensors() {
        return List.of(array);
    }

    @Override
    public Ready prepare() {
        long address = array.address();
        long bytes = array.elements() * array.type().bytes();
        return stream -> stream.fill(address, 0, bytes);
    }
}
