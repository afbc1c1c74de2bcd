package ai.spattention.plan;

import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.TensorView;
import java.util.Arrays;

/**
 * An array in a region of memory.
 *
 * @param region the memory
 * @param first the first element's place in it, in elements
 * @param type the elements' type
 * @param sizes the sizes, outermost first
 * @param strides the strides in elements, outermost first
 */
public record Tensor(Region region, long first, TensorView.Type type, long[] sizes, long[] strides) {

    /** Checks that the array lies in its region. */
    public Tensor {
        long last = first;
        for (int axis = 0; axis < sizes.length; axis++) {
            if (sizes[axis] < 1) {
                throw new IllegalArgumentException(region + " cannot hold an array of " + Arrays.toString(sizes));
            }
            last += (sizes[axis] - 1) * strides[axis];
        }
        if (first < 0 || (last + 1) * type.bytes() > region.bytes()) {
            throw new IllegalArgumentException("an array of " + Arrays.toString(sizes) + " with strides " + Arrays.toString(strides)
                    + " from element " + first + " on does not lie in " + region + " of " + region.bytes() + " bytes");
        }
        sizes = sizes.clone();
        strides = strides.clone();
    }

    /**
     * An array without gaps.
     *
     * @param region the memory
     * @param first the first element's place in it, in elements
     * @param type the elements' type
     * @param sizes the sizes, outermost first
     * @return the array
     */
    public static Tensor dense(Region region, long first, TensorView.Type type, long... sizes) {
        long[] strides = new long[sizes.length];
        long stride = 1;
        for (int axis = sizes.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= sizes[axis];
        }
        return new Tensor(region, first, type, sizes, strides);
    }

    /**
     * An array that somebody else owns, and that stays where it is for as long as steps work on it.
     *
     * @param name what it holds, for messages
     * @param view the array as it lies
     * @return the array
     */
    public static Tensor of(String name, TensorView view) {
        long last = 0;
        for (int axis = 0; axis < view.sizes().length; axis++) {
            last += (view.sizes()[axis] - 1) * view.strides()[axis];
        }
        Region region = Region.fixed(name, view.address(), (last + 1) * view.type().bytes());
        return view.isDense() ? dense(region, 0, view.type(), view.sizes()) : new Tensor(region, 0, view.type(), view.sizes(), view.strides());
    }

    /**
     * Some of the last axis.
     *
     * @param from the first
     * @param count how many
     * @return the part, in the same memory
     */
    public Tensor columns(long from, long count) {
        return part(sizes.length - 1, from, count);
    }

    /**
     * Some of the first axis.
     *
     * @param from the first
     * @param count how many
     * @return the part, in the same memory
     */
    public Tensor rows(long from, long count) {
        return part(0, from, count);
    }

    private Tensor part(int axis, long from, long count) {
        if (from < 0 || count < 1 || from + count > sizes[axis]) {
            throw new IllegalArgumentException("axis " + axis + " of " + this + " has no " + count + " from " + from + " on");
        }
        long[] fewer = sizes.clone();
        fewer[axis] = count;
        return new Tensor(region, first + from * strides[axis], type, fewer, strides);
    }

    /**
     * Requires a type and sizes, as operations do of what they are given.
     *
     * @param wanted the type
     * @param wantedSizes the sizes, outermost first; -1 for any
     * @return this array
     * @throws InvalidInputException if it has others
     */
    public Tensor require(TensorView.Type wanted, long... wantedSizes) {
        boolean fits = type == wanted && sizes.length == wantedSizes.length;
        for (int axis = 0; fits && axis < sizes.length; axis++) {
            fits = wantedSizes[axis] < 0 || wantedSizes[axis] == sizes[axis];
        }
        if (!fits) {
            throw new InvalidInputException(region + " must be " + wanted + " " + Arrays.toString(wantedSizes).replace("-1", "any") + " (got "
                    + type + " " + Arrays.toString(sizes) + ")");
        }
        return this;
    }

    /**
     * Other axes over the same memory.
     *
     * @param newSizes the sizes, outermost first
     * @param newStrides the strides in elements
     * @return the array
     */
    public Tensor as(long[] newSizes, long[] newStrides) {
        return new Tensor(region, first, type, newSizes, newStrides);
    }

    /**
     * Other axes over an array without gaps.
     *
     * @param newSizes the sizes, as many elements in all
     * @return the array
     */
    public Tensor reshape(long... newSizes) {
        if (elements(newSizes) != elements(sizes) || !Arrays.equals(strides, dense(region, first, type, sizes).strides)) {
            throw new IllegalArgumentException(this + " cannot be seen as " + Arrays.toString(newSizes));
        }
        return dense(region, first, type, newSizes);
    }

    /**
     * A size.
     *
     * @param axis the axis, outermost 0
     * @return its size
     */
    public long size(int axis) {
        return sizes[axis];
    }

    /**
     * The number of elements.
     *
     * @return the product of the sizes
     */
    public long elements() {
        return elements(sizes);
    }

    private static long elements(long[] sizes) {
        return Arrays.stream(sizes).reduce(1, Math::multiplyExact);
    }

    /**
     * Where the first element lies.
     *
     * @return the address on the device
     * @throws IllegalStateException if the plan has not placed the region yet
     */
    public long address() {
        return region.address() + first * type.bytes();
    }

    /**
     * The array as kernels see it.
     *
     * @param deviceIndex the GPU
     * @return its memory
     * @throws IllegalStateException if the plan has not placed the region yet
     */
    public TensorView view(int deviceIndex) {
        return new TensorView(address(), type, deviceIndex, sizes, strides);
    }

    @Override
    public String toString() {
        return region + " " + Arrays.toString(sizes);
    }
}
