package ai.spattention.examples;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import java.util.Random;

/** Sequences of noise with one telling symbol somewhere in them: the needle, whose kind is the sequence's class. */
final class Needles {

    static final int CLASSES = 4;
    static final int SYMBOLS = 16; // the first of them are the needles, the others are noise

    private Needles() {}

    /**
     * Makes sequences with their classes.
     *
     * @param manager where they live
     * @param count how many
     * @param length N
     * @param within the needle stands among the first so many positions
     * @param batch B
     * @param seed the same seed gives the same sequences
     * @return symbols [N], float32, and a class each
     */
    static ArrayDataset dataset(NDManager manager, int count, int length, int within, int batch, long seed) {
        Random random = new Random(seed);
        float[] symbols = new float[count * length];
        float[] classes = new float[count];
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < length; j++) {
                symbols[i * length + j] = CLASSES + random.nextInt(SYMBOLS - CLASSES);
            }
            int needle = random.nextInt(CLASSES);
            symbols[i * length + random.nextInt(within)] = needle;
            classes[i] = needle;
        }
        return new ArrayDataset.Builder().setData(manager.create(symbols, new Shape(count, length)))
                .optLabels(manager.create(classes)).setSampling(batch, true).build();
    }
}
