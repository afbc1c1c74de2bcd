package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Common bigrams and tokens against counting every one in a map. */
class TrainingCountsTest {

    private static final int VOCABULARY = 400;

    /** Ids of which small ones are common. */
    private static long[] ids(int count) {
        Random random = new Random(count);
        return random.doubles(count).mapToLong(value -> (long) (VOCABULARY * value * value * value)).toArray();
    }

    private static TrainingCounts count(long[] ids, double share, int part) throws IOException {
        return TrainingCounts.of("data", VOCABULARY, share, parts -> {
            for (int from = 0; from < ids.length; from += part) {
                parts.accept(Arrays.copyOfRange(ids, from, Math.min(ids.length, from + part)));
            }
        });
    }

    /** Far fewer counters than there are different bigrams, so that many are lost on the way. */
    @ParameterizedTest
    @ValueSource(doubles = {0.2, 0.01, 1e-3, 1e-4})
    void aBigramIsCommonByItsExactShare(double share) throws IOException {
        long[] ids = ids(60_000);
        TrainingCounts counts = count(ids, share, 1_000);
        Map<Long, Integer> naive = new HashMap<>();
        for (int i = 1; i < ids.length; i++) {
            naive.merge(ids[i - 1] * VOCABULARY + ids[i], 1, Integer::sum);
        }
        int common = 0;
        for (long first = 0; first < VOCABULARY; first++) {
            for (long second = 0; second < VOCABULARY; second++) {
                boolean expected = naive.getOrDefault(first * VOCABULARY + second, 0) >= share * (ids.length - 1);
                assertEquals(expected, counts.isCommon(first, second), first + " " + second);
                common += expected ? 1 : 0;
            }
        }
        assertEquals(common, counts.commonBigrams());
        assertTrue(naive.size() > 20_000 && (share > 0.1 || common > 0), naive.size() + " bigrams, " + common + " common");
    }

    @Test
    void partsDoNotMatter() throws IOException {
        long[] ids = ids(5_000);
        assertEquals(count(ids, 1e-3, 5_000).toJson(), count(ids, 1e-3, 7).toJson());
    }

    @Test
    void theCommonestComeFirst() throws IOException {
        TrainingCounts counts = count(new long[] {5, 9, 5, 7, 9, 5, 2, 0, 0, 0, 0}, 0.1, 3);
        assertArrayEquals(new int[] {5, 9, 2, 7}, counts.commonest(10, 0));
        assertArrayEquals(new int[] {0, 5}, counts.commonest(2, 9));
    }

    @Test
    void countsAreReadAgain() throws IOException {
        TrainingCounts counts = count(ids(5_000), 1e-3, 100);
        TrainingCounts read = TrainingCounts.parse("file", counts.toJson());
        assertEquals(counts.toJson(), read.toJson());
        assertTrue(read.isCommon(0, 0));
        assertTrue(read.areOf("data", VOCABULARY, 1e-3));
        assertFalse(read.areOf("data", VOCABULARY, 1e-4));
        assertFalse(read.areOf("other", VOCABULARY, 1e-3));
        assertFalse(read.areOf("data", VOCABULARY + 1, 1e-3));
    }

    @Test
    void damagedCountsAreRefused() throws IOException {
        String json = count(ids(100), 0.1, 100).toJson();
        assertTrue(message(json.substring(0, 50)).startsWith("file is damaged: "), message(json.substring(0, 50)));
        assertTrue(message(json.replace("\"tokens\":[", "\"tokens\":[null,")).startsWith("file is damaged: "));
        assertEquals("file has format version 2, this program reads version 1", message(json.replace("version\":1", "version\":2")));
    }

    private static String message(String json) {
        return assertThrows(InvalidInputException.class, () -> TrainingCounts.parse("file", json)).getMessage();
    }

    @Test
    void ofNothingNothingIsCommon() throws IOException {
        TrainingCounts counts = count(new long[] {3}, 0.5, 1);
        assertEquals(0, counts.commonBigrams());
        assertArrayEquals(new int[] {3}, counts.commonest(5, 0));
    }
}
