package ai.spattention.plan;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.Launch;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** A launch of a kernel of our own. */
public final class KernelStep implements Step {

    private final KernelLibrary library;
    private final KernelLibrary.Variant variant;
    private final CudaTarget target;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, Number> numbers = new LinkedHashMap<>();
    private int gridX = 1;
    private int gridY = 1;
    private int gridZ = 1;

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
        tensors.put(name, tensor);
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
        numbers.put(name, number);
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
        gridX = Math.toIntExact(x);
        gridY = Math.toIntExact(y);
        gridZ = Math.toIntExact(z);
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
    public Collection<Tensor> tensors() {
        return tensors.values();
    }

    /** The arrays by the names of the kernel's parameters. */
    Map<String, Tensor> arrays() {
        return tensors;
    }

    /** The numbers by the names of the kernel's parameters. */
    Map<String, Number> numbers() {
        return numbers;
    }

    @Override
    public void check() {
        for (String source : variant.sources()) {
            if (!tensors.containsKey(source) && !numbers.containsKey(source)) {
                throw new IllegalStateException("kernel " + variant.name() + " was given no '" + source + "'");
            }
        }
    }

    @Override
    public Ready prepare() {
        Launch launch = new Launch(library);
        tensors.forEach((name, tensor) -> launch.with(name, tensor.view(target.deviceIndex())));
        numbers.forEach(launch::with);
        return launch.prepare(variant, gridX, gridY, gridZ)::accept;
    }

    @Override
    public String toString() {
        return variant.name();
    }
}
