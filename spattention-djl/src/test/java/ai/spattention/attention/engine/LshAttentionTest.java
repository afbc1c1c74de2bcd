package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LshSettings;
import ai.spattention.torch.Bfloat16;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Hashed attention against pairs that are found one by one, and one dense softmax over them. */
class LshAttentionTest {

    private static final int BATCH = 2;
    private static final int HEADS = 3;
    private static final int HEAD_DIM = 8;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final Random random = new Random(6);

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray numbers(int length) {
        double[] values = random.doubles((long) BATCH * HEADS * length * HEAD_DIM, -1.5, 1.5).toArray();
        return manager.create(values, new Shape(BATCH, HEADS, length, HEAD_DIM));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 64, 1, false", "1, 3, 1, 9, false", "7, 2, 3, 7, false", "50, 1, 4, 50, false", "50, 3, 4, 50, true",
        "64, 2, 16, 64, false", "130, 4, 16, 100, true", "130, 1, 64, 130, false", "37, 3, 5, 500, true", "90, 2, 90, 90, true",
        "90, 4, 100, 400, false", "61, 2, 1, 61, true"})
    void agreesWithTheDefinition(int length, int rounds, int chunk, int layout, boolean packed) {
        LshSettings settings = new LshSettings(rounds, chunk, 11);
        NDArray x = numbers(length);
        NDArray v = numbers(length);
        NDArray weight = numbers(length);
        NDArray documents = packed ? documents(length) : null;
        NDArray seen = seen(x, documents, settings, layout);
        for (NDArray array : List.of(x, v)) {
            array.setRequiresGradient(true);
        }
        List<double[]> expected = new ArrayList<>();
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray unit = x.div(x.square().sum(new int[] {-1}, true).sqrt());
            NDArray scores = x.matMul(unit.swapAxes(2, 3)).div(Math.sqrt(HEAD_DIM));
            NDArray output = scores.mul(seen).add(seen.sub(1).mul(1e30)).softmax(-1).matMul(v);
            collector.backward(output.mul(weight).sum());
            expected.add(output.toDoubleArray());
        }
        for (NDArray array : List.of(x, v)) {
            expected.add(array.getGradient().toDoubleArray());
        }
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            collector.zeroGradients();
            NDArray output = LshAttention.attend(x, v, documents, settings, layout, 0, true);
            collector.backward(output.mul(weight).sum());
            assertArrayEquals(expected.get(0), output.toDoubleArray(), 1e-9, "output");
        }
        assertArrayEquals(expected.get(1), x.getGradient().toDoubleArray(), 1e-8, "gradient of what queries and keys share");
        assertArrayEquals(expected.get(2), v.getGradient().toDoubleArray(), 1e-9, "gradient of the values");
        assertArrayEquals(expected.get(0), LshAttention.attend(x, v, documents, settings, layout, 0.5f, false).toDoubleArray(), 1e-9,
                "without training");
    }

    private NDArray documents(int length) {
        long[] ids = new long[BATCH * length];
        for (int i = 1; i < ids.length; i++) {
            ids[i] = random.nextInt(9) == 0 ? 1L << 40 | random.nextInt(3) : ids[i - 1];
        }
        return manager.create(ids, new Shape(BATCH, length));
    }

    /** 1 where a pair is seen, [B, H, N, N], straight from the definition. */
    private NDArray seen(NDArray x, NDArray documents, LshSettings settings, int layout) {
        int length = (int) x.getShape().get(2);
        double[] vectors = x.toDoubleArray();
        double[] seen = new double[BATCH * HEADS * length * length];
        for (int line = 0; line < BATCH * HEADS; line++) {
            double[] own = Arrays.copyOfRange(vectors, line * length * HEAD_DIM, (line + 1) * length * HEAD_DIM);
            long[] ids = documents == null ? new long[length] : documents.get(line / HEADS).toLongArray();
            boolean[][] found = pairs(own, ids, settings, settings.buckets(layout));
            for (int i = 0; i < length; i++) {
                for (int j = 0; j < length; j++) {
                    seen[(line * length + i) * length + j] = found[i][j] ? 1 : 0;
                }
            }
        }
        return manager.create(seen, new Shape(BATCH, HEADS, length, length));
    }

    private static boolean[][] pairs(double[] vectors, long[] documents, LshSettings settings, int buckets) {
        int length = documents.length;
        boolean[][] found = new boolean[length][length];
        for (int round = 0; round < settings.rounds(); round++) {
            Map<List<Long>, List<Integer>> members = new HashMap<>();
            for (int i = 0; i < length; i++) {
                long bucket = bucket(Arrays.copyOfRange(vectors, i * HEAD_DIM, (i + 1) * HEAD_DIM), settings, buckets, round);
                members.computeIfAbsent(List.of(bucket, documents[i]), key -> new ArrayList<>()).add(i);
            }
            for (List<Integer> group : members.values()) {
                for (int a = 0; a < group.size(); a++) {
                    for (int b = 0; b < a; b++) {
                        found[group.get(a)][group.get(b)] |= a / settings.chunkLength() - b / settings.chunkLength() <= 1;
                    }
                }
            }
        }
        for (int i = 0; i < length; i++) {
            boolean any = false;
            for (int j = 0; j < i; j++) {
                any |= found[i][j];
            }
            found[i][i] = !any;
        }
        return found;
    }

    private static int bucket(double[] vector, LshSettings settings, int buckets, int round) {
        float[] matrix = LshAttention.matrix(settings, buckets, HEAD_DIM);
        int half = buckets / 2;
        int best = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int bucket = 0; bucket < 2 * half; bucket++) {
            double turned = 0;
            for (int row = 0; row < HEAD_DIM; row++) {
                turned += vector[row] * matrix[(row * settings.rounds() + round) * half + bucket % half];
            }
            double value = bucket < half ? turned : -turned;
            if (value > most) {
                most = value;
                best = bucket;
            }
        }
        return best;
    }

    @Test
    void laterTokensChangeNothingEarlier() {
        LshSettings settings = new LshSettings(3, 4, 0);
        NDArray x = numbers(60);
        NDArray v = numbers(60);
        NDArray before = LshAttention.attend(x, v, null, settings, 60, 0, false);
        for (int from : new int[] {1, 13, 40, 59}) {
            NDIndex later = new NDIndex(":, :, " + from + ":");
            NDArray changed = x.duplicate();
            changed.set(later, numbers(60).get(later));
            NDArray otherValues = v.duplicate();
            otherValues.set(later, numbers(60).get(later));
            NDArray after = LshAttention.attend(changed, otherValues, null, settings, 60, 0, false);
            NDIndex earlier = new NDIndex(":, :, :" + from);
            assertArrayEquals(before.get(earlier).toDoubleArray(), after.get(earlier).toDoubleArray(), 1e-12);
            assertFalse(Arrays.equals(before.toDoubleArray(), after.toDoubleArray()));
            NDArray cut = LshAttention.attend(x.get(earlier), v.get(earlier), null, settings, 60, 0, false);
            assertArrayEquals(before.get(earlier).toDoubleArray(), cut.toDoubleArray(), 1e-12, "the others left out");
        }
    }

    @Test
    void documentsInOneSequenceGetWhatTheyGetAlone() {
        LshSettings settings = new LshSettings(2, 8, 0);
        NDArray x = numbers(70);
        NDArray v = numbers(70);
        long[] ids = new long[BATCH * 70];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i % 70 < 31 ? 5 : 2;
        }
        NDArray packed = LshAttention.attend(x, v, manager.create(ids, new Shape(BATCH, 70)), settings, 128, 0, false);
        for (String part : new String[] {":, :, :31", ":, :, 31:"}) {
            NDArray alone = LshAttention.attend(x.get(part), v.get(part), null, settings, 128, 0, false);
            assertArrayEquals(alone.toDoubleArray(), packed.get(part).toDoubleArray(), 1e-12);
        }
    }

    @Test
    void theSeedChoosesTheHashes() {
        NDArray x = numbers(80).toType(DataType.FLOAT32, false);
        NDArray v = numbers(80).toType(DataType.FLOAT32, false);
        float[] first = LshAttention.attend(x, v, null, new LshSettings(2, 8, 3), 80, 0, false).toFloatArray();
        assertArrayEquals(first, LshAttention.attend(x, v, null, new LshSettings(2, 8, 3), 80, 0, false).toFloatArray(), 0);
        assertFalse(Arrays.equals(first, LshAttention.attend(x, v, null, new LshSettings(2, 8, 4), 80, 0, false).toFloatArray()));
    }

    @Test
    void bfloat16IsNearFloat32() {
        NDArray x = Bfloat16.of(numbers(75).toType(DataType.FLOAT32, false));
        NDArray v = Bfloat16.of(numbers(75).toType(DataType.FLOAT32, false));
        LshSettings settings = new LshSettings(2, 8, 0);
        NDArray exact = LshAttention.attend(Bfloat16.toFloat32(x), Bfloat16.toFloat32(v), null, settings, 75, 0, false);
        NDArray result = LshAttention.attend(x, v, null, settings, 75, 0, false);
        assertTrue(Bfloat16.is(result));
        float worst = Bfloat16.toFloat32(result).sub(exact).abs().max().getFloat();
        assertTrue(worst < 0.03, "largest difference " + worst);
    }

    @Test
    void dropoutDropsOnAverageNothing() {
        Engine.getEngine("PyTorch").setRandomSeed(1);
        NDArray x = numbers(40);
        NDArray v = manager.ones(x.getShape(), DataType.FLOAT64);
        NDArray dropped = LshAttention.attend(x, v, null, new LshSettings(2, 8, 0), 40, 0.3f, true);
        assertEquals(1, dropped.mean().getDouble(), 0.1);
        assertTrue(dropped.sub(1).abs().max().getDouble() > 0.2, "some were dropped");
    }

    @Test
    void vectorsOfNothingGiveNumbers() {
        NDArray zeros = manager.zeros(new Shape(1, 1, 20, HEAD_DIM));
        zeros.setRequiresGradient(true);
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray output = LshAttention.attend(zeros, zeros.add(1), null, new LshSettings(2, 4, 0), 20, 0, true);
            collector.backward(output.sum());
            assertEquals(1, output.min().getFloat(), 1e-6);
        }
        assertTrue(Float.isFinite(zeros.getGradient().abs().max().getFloat()));
    }

    @Test
    void refusesKeysOfTheirOwn() {
        NDArray x = manager.zeros(new Shape(1, 4, 6, 8));
        assertEquals("lsh attention takes shared queries and keys and values of one shape [B, H, N, D] (got (1, 4, 6, 8) and (1, 2, 6, 8))",
                assertThrows(InvalidInputException.class, () -> LshAttention.attend(x, manager.zeros(new Shape(1, 2, 6, 8)), null,
                        new LshSettings(), 6, 0, false)).getMessage());
    }
}
