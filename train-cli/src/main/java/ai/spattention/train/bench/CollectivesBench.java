package ai.spattention.train.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.train.distributed.Collectives;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Times what processes compute together on float32 arrays of growing size. The slowest process counts.
 *
 * <p>The bus bandwidth is that of nccl-tests' PERFORMANCE.md, in GB (1e9 bytes) a second, of an array of S bytes on n processes that takes t seconds:
 * all-reduce 2 (n - 1) / n S / t, reduce-scatter and all-gather (n - 1) / n S / t. It tells what each link carries, so that it can be
 * compared with the links' own speed whatever n is.
 *
 * @param collectives the processes
 * @param device where the arrays are
 * @param largestMib the size of the largest array, 2^20 bytes
 * @param repetitions how often each is done in one measurement
 */
public record CollectivesBench(Collectives collectives, Device device, int largestMib, int repetitions) {

    private static final long SMALLEST_BYTES = 1 << 16;
    private static final int ROUNDS = 3; // the median counts

    /**
     * A measurement.
     *
     * @param operation its name
     * @param bytes the size of the whole array
     * @param milliseconds of one operation
     * @param busGigabytes a second
     */
    public record Row(String operation, long bytes, double milliseconds, double busGigabytes) {}

    /** An operation with the part of the bytes that each link carries. */
    private record Operation(String name, double carried, BiConsumer<Collectives, NDArray> run) {}

    /**
     * Measures; all processes do so together.
     *
     * @return the same rows on all of them
     */
    public List<Row> run() {
        int size = collectives.size();
        double others = (size - 1.0) / size;
        List<Operation> operations = List.of(new Operation("all-reduce", 2 * others, Collectives::allReduce),
                new Operation("reduce-scatter", others, Collectives::reduceScatter),
                new Operation("all-gather", others, Collectives::allGather));
        List<Row> rows = new ArrayList<>();
        for (long bytes : sizes()) {
            long elements = bytes / Float.BYTES / size * size;
            try (NDManager manager = NDManager.newBaseManager(device)) {
                NDArray values = manager.zeros(new Shape(elements), DataType.FLOAT32);
                for (Operation operation : operations) {
                    double seconds = seconds(() -> operation.run().accept(collectives, values));
                    rows.add(new Row(operation.name(), elements * Float.BYTES, 1e3 * seconds,
                            operation.carried() * elements * Float.BYTES / 1e9 / seconds));
                }
            }
        }
        return rows;
    }

    private List<Long> sizes() {
        List<Long> sizes = new ArrayList<>();
        long largest = (long) largestMib << 20;
        for (long bytes = largest; bytes >= Math.min(largest, SMALLEST_BYTES); bytes /= 16) {
            sizes.add(0, bytes);
        }
        return sizes;
    }

    private double seconds(Runnable operation) {
        DeviceClock clock = new DeviceClock(device);
        operation.run(); // what is set up at the first use is not counted
        List<Double> rounds = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            collectives.barrier();
            double own = clock.milliseconds(() -> {
                for (int i = 0; i < repetitions; i++) {
                    operation.run();
                }
            });
            rounds.add(Arrays.stream(collectives.ofEachRank(own)).max().orElseThrow() / 1e3 / repetitions);
        }
        return Median.of(rounds);
    }
}
