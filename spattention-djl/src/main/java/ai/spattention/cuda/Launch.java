package ai.spattention.cuda;

import ai.djl.ndarray.NDArray;
import ai.spattention.InvalidInputException;

/** The tensors and numbers of one launch, checked: what does not pass never reaches the device. */
public final class Launch {

    private static final int ALIGNMENT = 16;

    private final KernelLibrary library;
    private final TensorView[] tensors;
    private final Number[] numbers;
    private int device = -1;

    /**
     * Begins a launch.
     *
     * @param library the kernels
     */
    public Launch(KernelLibrary library) {
        this.library = library;
        this.tensors = new TensorView[library.positions()];
        this.numbers = new Number[library.positions()];
    }

    /**
     * Takes an array that lies without gaps.
     *
     * @param name the parameter's name
     * @param array the array, on the GPU of the others; it must stay open until the launch
     * @return this launch
     * @throws InvalidInputException if it has gaps, starts where no kernel can read it, or is on another device
     */
    public Launch with(String name, NDArray array) {
        TensorView view = TorchTensors.view(array);
        int[] order = new int[view.sizes().length];
        for (int axis = 0; axis < order.length; axis++) {
            order[axis] = axis;
        }
        if (order.length > 0 && !view.isDense(order)) {
            throw new InvalidInputException("kernels take arrays without gaps: " + name + " " + array.getShape() + " is not one");
        }
        return with(name, view);
    }

    /**
     * Takes an array that a kernel reads through its strides, or that is known to lie as it must.
     *
     * @param name the parameter's name
     * @param view the array, on the GPU of the others; it must stay open until the launch
     * @return this launch
     * @throws InvalidInputException if it starts where no kernel can read it, or is on another device
     */
    public Launch with(String name, TensorView view) {
        if (view.address() % ALIGNMENT != 0) {
            throw new InvalidInputException("kernels take arrays that start at multiples of " + ALIGNMENT + " bytes: " + name
                    + " starts at " + Long.toHexString(view.address()));
        }
        if (view.deviceIndex() < 0 || device >= 0 && view.deviceIndex() != device) {
            throw new InvalidInputException("kernels take arrays of one GPU: " + name + " is on " + device(view.deviceIndex())
                    + (device < 0 ? "" : ", the others are on " + device(device)));
        }
        device = view.deviceIndex();
        tensors[library.position(name)] = view;
        return this;
    }

    private static String device(int index) {
        return index < 0 ? "cpu" : "gpu" + index;
    }

    /**
     * Takes a number.
     *
     * @param name the parameter's name
     * @param number the number
     * @return this launch
     */
    public Launch with(String name, Number number) {
        numbers[library.position(name)] = number;
        return this;
    }

    /**
     * The variant of a kernel for the arrays' GPU.
     *
     * @param kernel the variant's name without the architecture
     * @return the variant
     */
    public KernelLibrary.Variant variant(String kernel) {
        return library.variant(kernel, device);
    }

    /**
     * Puts a kernel on PyTorch's stream that computes tiles of a result, and returns at once.
     *
     * @param variant the kernel
     * @param columnTiles tiles side by side
     * @param rowTiles tiles one below the other, or a bound above
     * @param matrices results
     */
    public void runTiles(KernelLibrary.Variant variant, int columnTiles, int rowTiles, int matrices) {
        if (variant.persistent()) {
            long tiles = (long) columnTiles * rowTiles * matrices;
            run(variant, (int) Math.min(tiles, CudaDevice.of(device).multiprocessors()), 1, 1);
        } else {
            run(variant, columnTiles, rowTiles, matrices);
        }
    }

    /**
     * Puts a kernel on PyTorch's stream and returns at once.
     *
     * @param variant the kernel
     * @param gridX programs along the first axis, the fastest
     * @param gridY programs along the second axis
     * @param gridZ programs along the third axis
     */
    public void run(KernelLibrary.Variant variant, int gridX, int gridY, int gridZ) {
        CudaDevice gpu = CudaDevice.of(device);
        gpu.inContext(() -> library.launch(variant, new Grid(gridX, gridY, gridZ), tensors, numbers, CudaStream.ofPyTorch(gpu)));
    }
}
