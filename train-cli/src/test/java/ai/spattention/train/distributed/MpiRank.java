package ai.spattention.train.distributed;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** What a rank does that {@link MpiCollectivesTest} starts: it sees for itself whether the results are right. */
final class MpiRank {

    private static final long[] COUNTS = {0, 1, 2, 3, 5, 12, 61, 1001, 12_345};
    private static final int COUNTS_THAT_ARE_CUT = 7; // the others would be cut into too many pieces

    private final Collectives collectives;
    private final NDManager manager;

    private MpiRank(Collectives collectives, NDManager manager) {
        this.collectives = collectives;
        this.manager = manager;
    }

    public static void main(String[] arguments) throws Exception {
        try {
            switch (arguments[0]) {
                case "operations" -> operations(Integer.parseInt(arguments[1]));
                case "meet" -> meet(Arrays.copyOfRange(arguments, 1, arguments.length));
                case "killed" -> killed(Path.of(arguments[1]));
                case "abort" -> abort(Path.of(arguments[1]));
                case "refused" -> refused(Path.of(arguments[1]));
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        } catch (InvalidInputException e) {
            System.out.println(e.getMessage());
            System.exit(2);
        } catch (CollectiveException e) {
            System.out.println(e.getMessage());
            System.exit(1);
        }
    }

    private static Collectives meet(Path folder, Duration timeout, int seed) {
        return new Workers(WorkerIdentity.of(System.getenv()), CollectiveBackend.AUTO, timeout, folder, System.out::println, System.getenv())
                .meet(Device.cpu(), "1.0", Map.of("seed", Integer.toString(seed)), "data");
    }

    /** With an argument that is other for one rank: its configuration. */
    private static void meet(String... arguments) {
        WorkerIdentity identity = WorkerIdentity.of(System.getenv());
        Collectives met = meet(Path.of(arguments[0]), Duration.ofMinutes(2), identity.rank() == 1 ? 2 : 1);
        System.out.println("met " + met.rank());
    }

    /** The rank in the middle is killed, and takes no part in the fourth sum. */
    private static void killed(Path folder) throws Exception {
        Collectives collectives = meet(folder, Duration.ofSeconds(4), 1);
        for (int i = 0; ; i++) {
            if (i == 3 && collectives.rank() == 1) {
                new ProcessBuilder("kill", "-9", Long.toString(ProcessHandle.current().pid())).start().waitFor();
            }
            collectives.sum(i);
        }
    }

    /** A rank fails on its own, and ends the others, who wait for it. */
    private static void abort(Path folder) {
        Collectives collectives = meet(folder, Duration.ofMinutes(3), 1);
        collectives.barrier();
        if (collectives.rank() == 1) {
            collectives.abort();
            try {
                collectives.barrier();
            } catch (CollectiveException e) {
                throw new CollectiveException("rank 1 says why: " + e.getMessage(), e);
            }
        }
        collectives.barrier();
    }

    /** What a rank was given is refused after all have met. */
    private static void refused(Path folder) {
        Collectives collectives = meet(folder, Duration.ofMinutes(3), 1);
        collectives.barrier();
        if (collectives.rank() == 1) {
            InvalidInputException refusal = new InvalidInputException("rank 1 has bad input");
            collectives.abortAfter(refusal);
            throw refusal;
        }
        collectives.barrier();
    }

    private static void operations(int largestCount) {
        Map<String, String> environment = System.getenv();
        MpiCollectives mpi = MpiCollectives.open(MpiLibrary.load(environment), WorkerIdentity.of(environment), largestCount, true);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            MpiRank rank = new MpiRank(mpi, manager);
            long[] counts = Arrays.copyOf(COUNTS, largestCount < 1000 ? COUNTS_THAT_ARE_CUT : COUNTS.length);
            for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
                for (long count : counts) {
                    rank.allReduce(count, type);
                    rank.reduceScatter(count * mpi.size(), type);
                }
            }
            for (DataType type : new DataType[] {DataType.INT64, DataType.FLOAT32, DataType.FLOAT16, DataType.UINT8}) {
                for (long count : counts) {
                    rank.allGather(count, type);
                    rank.broadcast(count, type);
                }
            }
            rank.sums();
            rank.refusals();
            mpi.barrier();
        }
        mpi.close();
        System.out.println("right on rank " + mpi.rank());
    }

    private static void require(boolean right, String what) {
        if (!right) {
            throw new AssertionError(what);
        }
    }

    /** Numbers of a rank that every rank can draw. */
    private double[] drawn(int rank, long count) {
        return new Random(31 * count + rank).doubles(count, -1, 1).toArray();
    }

    private NDArray own(long count, DataType type) {
        NDArray exact = manager.create(drawn(collectives.rank(), count), new Shape(count));
        return exact.toType(type, false); // open with its manager: of the same type it may be the same memory
    }

    /** What the sums have to be, nearly: the order of adding is MPI's. */
    private double[] expected(long count, DataType type) {
        double[] sums = new double[(int) count];
        for (int rank = 0; rank < collectives.size(); rank++) {
            double[] one = drawn(rank, count);
            for (int i = 0; i < count; i++) {
                sums[i] += type == DataType.FLOAT32 ? (float) one[i] : one[i];
            }
        }
        return sums;
    }

    private void requireNear(double[] expected, NDArray seen, long from, long to, String what) {
        double[] values = seen.isEmpty() ? new double[0] : seen.toType(DataType.FLOAT64, true).toDoubleArray();
        double tolerance = seen.getDataType() == DataType.FLOAT32 ? 1e-6 : 1e-14;
        for (int i = (int) from; i < to; i++) {
            require(Math.abs(expected[i] - values[i]) <= tolerance, what + ": element " + i + " is " + values[i] + ", not " + expected[i]);
        }
    }

    private void allReduce(long count, DataType type) {
        NDArray values = own(count, type);
        collectives.allReduce(values);
        requireNear(expected(count, type), values, 0, count, "allReduce of " + count + " " + type);
        NDArray ofRankZero = values.duplicate();
        collectives.broadcast(ofRankZero, 0);
        require(bytes(values).equals(bytes(ofRankZero)), "allReduce of " + count + " " + type + " gives other bits than on rank 0");
    }

    private void reduceScatter(long count, DataType type) {
        NDArray values = own(count, type);
        collectives.reduceScatter(values);
        long part = count / collectives.size();
        requireNear(expected(count, type), values, collectives.rank() * part, (collectives.rank() + 1) * part, "reduceScatter of " + count);
    }

    private static ByteBuffer bytes(NDArray values) {
        return values.isEmpty() ? ByteBuffer.allocate(0) : values.toByteBuffer();
    }

    private NDArray numbers(int rank, long count, DataType type) {
        return manager.create(new Random(rank).ints(count, 0, 100).asLongStream().toArray(), new Shape(count)).toType(type, true);
    }

    private void allGather(long part, DataType type) {
        int size = collectives.size();
        NDArray values = manager.zeros(new Shape(part * size), type);
        if (part > 0) {
            values.set(new NDIndex("{}:{}", collectives.rank() * part, (collectives.rank() + 1) * part),
                    numbers(collectives.rank(), part, type));
        }
        collectives.allGather(values);
        ByteBuffer all = bytes(values);
        for (int rank = 0; rank < size && part > 0; rank++) {
            ByteBuffer one = bytes(numbers(rank, part, type));
            require(all.slice(rank * one.remaining(), one.remaining()).equals(one), "allGather of " + part + " " + type + ": the part of " + rank);
        }
    }

    private void broadcast(long count, DataType type) {
        int root = collectives.size() - 1;
        NDArray values = numbers(collectives.rank(), count, type);
        collectives.broadcast(values, root);
        require(bytes(values).equals(bytes(numbers(root, count, type))), "broadcast of " + count + " " + type);
    }

    private void sums() {
        double[] oneHot = new double[collectives.size()];
        oneHot[collectives.rank()] = 0.1 * (collectives.rank() + 1);
        double[] all = collectives.sum(oneHot);
        for (int rank = 0; rank < all.length; rank++) {
            require(all[rank] == 0.1 * (rank + 1), "what is 0 on all ranks but one stays exact");
        }
        require(collectives.sum().length == 0, "a sum of nothing");
    }

    private void refusals() {
        refused(() -> collectives.allReduce(manager.ones(new Shape(2, 3)).transpose()));
        refused(() -> collectives.allReduce(manager.ones(new Shape(4), DataType.INT32)));
        refused(() -> collectives.allGather(manager.ones(new Shape(collectives.size() + 1))));
        Map<String, String> missing = new TreeMap<>(Map.of(MpiLibrary.VARIABLE, "libabsent.so"));
        refused(() -> MpiLibrary.load(missing));
    }

    private static void refused(Runnable operation) {
        try {
            operation.run();
        } catch (IllegalArgumentException e) {
            return;
        }
        throw new AssertionError("not refused");
    }
}
