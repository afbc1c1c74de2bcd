package ai.spattention.cublas;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cublas.DenseMatmul.Addresses;
import ai.spattention.cublas.DenseMatmul.Call;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaEvent;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.DeviceMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Finds the fastest of the algorithms that cuBLASLt offers for a product, on numbers and in memory of its own. Only algorithms whose result
 * has the bits of the first one's count, so that what is chosen, which a clock decides, changes no number.
 */
final class AlgorithmTrial {

    /** The system property that has plans try algorithms out. */
    static final String PROPERTY = "spattention.cublas.trials";

    static final int MOST_CANDIDATES = 8;

    private static final long SMALLEST_OPERATIONS = 20_000_000_000L; // below, some 30 microseconds, the launch counts for more
    private static final double WORTH_WHILE = 0.98; // of the first one's time: less is the clock's noise
    private static final int LINE = 1 << 16; // numbers that are made together
    private static final int ROUNDS = 4;
    private static final int REPETITIONS = 4; // of a round

    private final CudaDevice device;
    private final ProductShape shape;
    private final int candidates;
    private final BiFunction<Integer, Addresses, Call> product;

    /**
     * Makes a trial.
     *
     * @param device the GPU
     * @param shape the product
     * @param candidates how many algorithms there are
     * @param product the product by one of them, on some addresses
     */
    AlgorithmTrial(CudaDevice device, ProductShape shape, int candidates, BiFunction<Integer, Addresses, Call> product) {
        this.device = device;
        this.shape = shape;
        this.candidates = candidates;
        this.product = product;
    }

    /** How many algorithms the library is asked for: one, which it thinks the fastest, where none is tried out. */
    static int candidates() {
        return Boolean.getBoolean(PROPERTY) ? MOST_CANDIDATES : 1;
    }

    /** Whether a product is tried out: there is a choice, and the product is not small. */
    static boolean isWorthWhile(ProductShape shape, int candidates) {
        return candidates > 1 && shape.operations() >= SMALLEST_OPERATIONS;
    }

    /**
     * Tries the algorithms out.
     *
     * @return the number of the one to take; 0, the first, where memory is short
     */
    int choose() {
        Device gpu = Device.gpu(device.index());
        long factors = shape.left().elements() + shape.right().elements();
        // factors are made in float32, one after the other; of results there are two
        long bytes = 3 * Float.BYTES * factors + 2 * shape.out().bytes() + DenseMatmul.WORKSPACE_BYTES;
        if (DeviceMemory.free(gpu) < bytes) {
            return 0;
        }
        try (NDManager manager = NDManager.newBaseManager(gpu, "PyTorch")) {
            NDArray left = numbers(manager, shape.left().elements());
            NDArray right = numbers(manager, shape.right().elements());
            NDArray expected = room(manager, shape.out().bytes());
            NDArray found = room(manager, shape.out().bytes());
            NDArray workspace = room(manager, DenseMatmul.WORKSPACE_BYTES);
            CudaStream stream = CudaStream.ofPyTorch(device);
            List<Call> calls = new ArrayList<>();
            boolean[] alike = new boolean[candidates];
            int[] fastest = new int[1];
            device.inContext(() -> {
                for (int i = 0; i < candidates; i++) {
                    NDArray out = i == 0 ? expected : found;
                    calls.add(product.apply(i, new Addresses(address(left), address(right), address(out), address(workspace))));
                    stream.fill(address(out), 0, shape.out().bytes());
                    alike[i] = calls.get(i).on(stream) == CublasLtApi.SUCCESS && (i == 0 || expected.contentEquals(found));
                }
                fastest[0] = alike[0] ? fastest(times(calls, alike, stream)) : 0;
            });
            return fastest[0];
        } finally {
            DeviceMemory.giveBackUnused();
        }
    }

    /** Milliseconds of each call in each round; those that are not alike have none. Rounds go up and down, for the GPU grows warm. */
    private double[][] times(List<Call> calls, boolean[] alike, CudaStream stream) {
        double[][] times = new double[candidates][];
        for (int i = 0; i < candidates; i++) {
            times[i] = new double[alike[i] ? ROUNDS : 0];
        }
        try (CudaEvent begin = new CudaEvent(device); CudaEvent end = new CudaEvent(device)) {
            for (int round = 0; round < ROUNDS; round++) {
                for (int place = 0; place < candidates; place++) {
                    int i = round % 2 == 0 ? place : candidates - 1 - place;
                    if (alike[i]) {
                        run(calls.get(i), stream); // the first one is slow
                        begin.record(stream);
                        for (int repetition = 0; repetition < REPETITIONS; repetition++) {
                            run(calls.get(i), stream);
                        }
                        end.record(stream);
                        times[i][round] = begin.millisecondsTo(end);
                    }
                }
            }
        }
        return times;
    }

    private static void run(Call call, CudaStream stream) {
        CublasLt.check("a product on trial", call.on(stream));
    }

    /**
     * Which candidate is fastest.
     *
     * @param milliseconds of each candidate's rounds; none for one that must not be taken
     * @return its number: the first one, unless another's median is clearly lower
     */
    static int fastest(double[][] milliseconds) {
        int best = 0;
        double least = median(milliseconds[0]) * WORTH_WHILE;
        for (int i = 1; i < milliseconds.length; i++) {
            if (milliseconds[i].length > 0 && median(milliseconds[i]) < least) {
                best = i;
                least = median(milliseconds[i]);
            }
        }
        return best;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /**
     * Numbers of both signs and many sizes, bfloat16: count of them or up to a line more. They are not drawn, for a trial must not change what
     * is drawn later; and made by lines, for float32 counts no further than 2^24.
     */
    private static NDArray numbers(NDManager manager, long count) {
        long lines = (count + LINE - 1) / LINE;
        try (NDArray across = angles(manager, LINE, 12.9898f); NDArray down = angles(manager, lines, 78.233f);
                NDArray column = down.reshape(lines, 1); NDArray all = column.add(across); NDArray sines = all.sin()) {
            return Bfloat16.of(sines);
        }
    }

    private static NDArray angles(NDManager manager, long count, float step) {
        try (NDArray places = manager.arange(0, count, 1, DataType.FLOAT32)) {
            return places.mul(step);
        }
    }

    private static NDArray room(NDManager manager, long bytes) {
        return manager.zeros(new Shape((bytes + Integer.BYTES - 1) / Integer.BYTES), DataType.INT32);
    }

    private static long address(NDArray array) {
        return TorchTensors.view(array).address();
    }
}
