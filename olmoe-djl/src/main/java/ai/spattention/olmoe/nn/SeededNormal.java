package ai.spattention.olmoe.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Numbers from a normal distribution that depend on the seed alone: not on the device, the number of threads, or what else
 * drew random numbers before.
 */
public final class SeededNormal implements Initializer {

    /** Each block of numbers has its own generator, so that blocks can be drawn side by side. */
    private static final int BLOCK = 1 << 16;

    /** How many numbers are held in Java's memory at once. */
    private static final int PIECE = 256 * BLOCK;

    private final long seed;
    private final double deviation;

    /**
     * Creates the initializer.
     *
     * @param seed the seed
     * @param deviation the standard deviation; the mean is 0
     */
    public SeededNormal(long seed, double deviation) {
        this.seed = seed;
        this.deviation = deviation;
    }

    /**
     * The seed of one of several parameters of a model.
     *
     * @param seed the model's seed
     * @param parameter the parameter's name
     * @return a seed that differs from name to name
     */
    public static long seedOf(long seed, String parameter) {
        long hash = 0xcbf29ce484222325L; // FNV-1a: String.hashCode is too short for this
        for (int i = 0; i < parameter.length(); i++) {
            hash = (hash ^ parameter.charAt(i)) * 0x100000001b3L;
        }
        return new SplittableRandom(seed ^ hash).nextLong();
    }

    @Override
    public NDArray initialize(NDManager manager, Shape shape, DataType dataType) {
        NDArray array = manager.create(shape, dataType);
        long size = shape.size();
        try (NDManager scope = manager.newSubManager()) {
            NDArray flat = array.reshape(size);
            flat.attach(scope);
            for (long start = 0; start < size; start += PIECE) {
                long end = Math.min(size, start + PIECE);
                try (NDArray piece = scope.create(draw(start / BLOCK, (int) (end - start)));
                        NDArray cast = piece.toType(dataType, true)) {
                    flat.set(new NDIndex("{}:{}", start, end), cast);
                }
            }
        }
        return array;
    }

    private float[] draw(long firstBlock, int count) {
        float[] values = new float[count];
        IntStream.range(0, (count + BLOCK - 1) / BLOCK).parallel().forEach(block -> {
            // one draw scatters the seeds: generators with seeds in a row would repeat each other
            SplittableRandom random = new SplittableRandom(new SplittableRandom(seed ^ (firstBlock + block)).nextLong());
            int end = Math.min(count, (block + 1) * BLOCK);
            for (int i = block * BLOCK; i < end; i++) {
                values[i] = (float) (deviation * random.nextGaussian());
            }
        });
        return values;
    }
}
