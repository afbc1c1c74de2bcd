package ai.spattention.plan;

import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.Grid;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A launch of a kernel of our own. */
public final class KernelStep implements Step {

    /** Arrays begin at multiples of so many bytes: kernels were compiled for that. */
    static final int ALIGNMENT = 16;

    private final KernelLibrary library;
    private final KernelLibrary.Variant variant;
    private final CudaTarget target;
    private final Tensor[] tensors; // by the library's positions, as the numbers
    private final Number[] numbers;
    private Grid grid = new Grid(1, 1, 1);

    /**
     * A launch whose arguments are still to be given.
     *
     * @param library the kernels
     * @param kernel the variant's name without the architecture
     * @param target the GPU
     */
    public KernelStep(KernelLibrary library, String kernel, CudaTarget target) {
        this.library = library;
        this.target = target;
        variant = library.variantFor(kernel, target.computeCapability());
        tensors = new Tensor[library.positions()];
        numbers = new Number[library.positions()];
    }

    /**
     * The block in which a kernel that reads whole rows was compiled for a row: powers of 2 end variants' names.
     *
     * @param numbers how many numbers a row has
     * @param smallest the smallest block
     * @return the smallest that holds them
     */
    public static long block(long numbers, long smallest) {
        long block = smallest;
        while (block < numbers) {
            block *= 2;
        }
        return block;
    }

    /**
     * The code that is launched.
     *
     * @return the variant for the GPU
     */
    public KernelLibrary.Variant variant() {
        return variant;
    }

    /**
     * Gives an array.
     *
     * @param name the parameter's name
     * @param tensor the array
     * @return this step
     */
    public KernelStep with(String name, Tensor tensor) {
        tensors[library.position(name)] = tensor;
        return this;
    }

    /**
     * Gives a number.
     *
     * @param name the parameter's name
     * @param number the number
     * @return this step
     */
    public KernelStep with(String name, Number number) {
        numbers[library.position(name)] = number;
        return this;
    }

    /**
     * Says how many programs run.
     *
     * @param x along the first axis, the fastest
     * @param y along the second axis
     * @param z along the third axis
     * @return this step
     */
    public KernelStep grid(long x, long y, long z) {
        grid = new Grid(Math.toIntExact(x), Math.toIntExact(y), Math.toIntExact(z));
        return this;
    }

    /**
     * Says how many tiles of results there are; a kernel whose programs look for their tiles themselves gets one a multiprocessor.
     *
     * @param columnTiles tiles side by side
     * @param rowTiles tiles one below the other, or a bound above
     * @param matrices results
     * @return this step
     */
    public KernelStep tiles(long columnTiles, long rowTiles, long matrices) {
        return variant.persistent() ? grid(Math.min(columnTiles * rowTiles * matrices, target.multiprocessors()), 1, 1)
                : grid(columnTiles, rowTiles, matrices);
    }

    @Override
    public List<Tensor> tensors() {
        return Arrays.stream(tensors).filter(Objects::nonNull).toList();
    }

    /** The arrays by the names of the kernel's parameters. */
    Map<String, Tensor> arrays() {
        return byName(tensors);
    }

    /** The numbers by the names of the kernel's parameters. */
    Map<String, Number> numbers() {
        return byName(numbers);
    }

    private <T> Map<String, T> byName(T[] values) {
        Map<String, T> named = new LinkedHashMap<>();
        for (String source : variant.sources()) {
            T value = values[library.position(source)];
            if (value != null) {
                named.put(source, value);
            }
        }
        return named;
    }

    /** How many programs run. */
    Grid grid() {
        return grid;
    }

    @Override
    public void check() {
        for (String source : variant.sources()) {
            int position = library.position(source);
            if (tensors[position] == null && numbers[position] == null) {
                throw new IllegalStateException("kernel " + variant.name() + " was given no '" + source + "'");
            }
        }
    }

    private TensorView[] views() {
        TensorView[] views = new TensorView[tensors.length];
        for (int position = 0; position < views.length; position++) {
            if (tensors[position] != null) {
                views[position] = tensors[position].view(target.deviceIndex());
                if (views[position].address() % ALIGNMENT != 0) {
                    throw new InvalidInputException("kernels take arrays that start at multiples of " + ALIGNMENT + " bytes: "
                            + tensors[position].region() + " starts at " + Long.toHexString(views[position].address()));
                }
            }
        }
        return views;
    }

    @Override
    public Ready prepare() {
        return library.prepare(variant, target.deviceIndex(), grid, views(), numbers)::accept;
    }

    @Override
    public void run(CudaStream stream) {
        library.launch(variant, grid, views(), numbers, stream);
    }

    @Override
    public String toString() {
        return variant.name();
    }
}
