package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.spattention.attention.AttentionLayout;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which code computes which heads. */
class FusedCodeTest {

    private static final HeadReach LONG = new HeadReach(false, true, 1e6);

    private static HeadTable table(StandardPattern pattern, int keyLength) {
        return HeadTable.of(new AttentionLayout(pattern, LayoutLength.SEQUENCE).headMasks(5, keyLength), keyLength);
    }

    private static String forward(StandardPattern pattern, String numbers, int queryLength, int keyLength) {
        return new FusedCode(numbers, 128, table(pattern, keyLength).reach(queryLength, keyLength), false, false).name("forward", 90);
    }

    /** Every pair is counted. */
    private static double meanRange(int[] rows, int queryLength, int keyLength) {
        long pairs = 0;
        long ranges = 0;
        for (int at = 0; at < rows.length; at += at % HeadTable.COLUMNS == 0 ? 2 : HeadTable.COLUMNS - 2) {
            ranges += rows[at] <= rows[at + 1] ? 1 : 0;
            for (int query = keyLength - queryLength; query < keyLength; query++) {
                for (int key = 0; key <= query; key++) {
                    pairs += query - key >= rows[at] && query - key <= rows[at + 1] ? 1 : 0;
                }
            }
        }
        return ranges == 0 ? 0 : (double) pairs / (ranges * queryLength);
    }

    @ParameterizedTest
    @EnumSource(value = StandardPattern.class, names = {"CAUSAL", "SP", "EXCLUSIVE", "LOCAL", "GAPPED", "LONGFORMER", "BIGBIRD"})
    void countsWhatAQuerySeesOfARange(StandardPattern pattern) {
        for (int[] lengths : new int[][] {{1, 1}, {1, 40}, {13, 40}, {40, 40}, {64, 64}, {3, 7}}) {
            HeadTable table = table(pattern, lengths[1]);
            assertEquals(meanRange(table.rows(), lengths[0], lengths[1]), table.reach(lengths[0], lengths[1]).meanRange(), 1e-9,
                    pattern + " " + lengths[0] + " of " + lengths[1]);
        }
    }

    @ParameterizedTest
    @CsvSource({"CAUSAL, 2047, forward-wide-bf16-d128", "CAUSAL, 2046, forward-ranges-bf16-d128", "SP, 4096, forward-ranges-bf16-d128",
        "LONGFORMER, 16384, forward-general-bf16-d128"})
    void longRangesHaveKernelsOfTheirOwn(StandardPattern pattern, int length, String expected) {
        assertEquals(expected, forward(pattern, "bf16", length, length));
    }

    @Test
    void theKeysOfAQueryWithACacheCount() {
        assertEquals("forward-wide-fp16-d128", forward(StandardPattern.CAUSAL, "fp16", 1, 2000));
    }

    @ParameterizedTest
    @CsvSource({"forward, bf16, 64, false, false, 90, forward-ranges-bf16-d64", "forward, fp32, 128, false, false, 90, forward-ranges-fp32-d128",
        "forward, bf16, 128, true, false, 90, forward-ranges_documents-bf16-d128",
        "forward, bf16, 128, true, true, 90, forward-dropout_documents-bf16-d128",
        "backward_keys, bf16, 128, false, false, 80, backward_keys-ranges-bf16-d128",
        "backward_keys, bf16, 128, false, false, 100, backward_keys-ranges-bf16-d128",
        "backward_keys, fp16, 128, false, false, 90, backward_keys-ranges-fp16-d128",
        "backward_queries, fp16, 128, false, false, 90, backward_queries-wide-fp16-d128"})
    void othersHaveNone(String kernel, String type, int headDim, boolean documents, boolean dropout, int computeCapability, String expected) {
        assertEquals(expected, new FusedCode(type, headDim, LONG, documents, dropout).name(kernel, computeCapability));
    }

    @ParameterizedTest
    @CsvSource({"CAUSAL, bf16, 8191, 8191, 128, 90, true", "CAUSAL, fp16, 8191, 8191, 128, 90, true", "CAUSAL, bf16, 8190, 8190, 128, 90, false",
        "CAUSAL, bf16, 20000, 20000, 128, 80, false", "CAUSAL, bf16, 20000, 20000, 64, 90, false", "CAUSAL, fp32, 20000, 20000, 128, 90, false",
        "CAUSAL, bf16, 19999, 20000, 128, 90, false", "EXCLUSIVE, bf16, 20000, 20000, 128, 90, false", "EXCLUSIVE, bf16, 42000, 42000, 128, 90, true",
        "SP, bf16, 40000, 40000, 128, 90, false", "LONGFORMER, bf16, 40000, 40000, 128, 90, false"})
    void oneKernelComputesAllGradientsOfLongLoneRanges(StandardPattern pattern, String numbers, int queryLength, int keyLength, int headDim,
            int computeCapability, boolean expected) {
        HeadReach reach = table(pattern, keyLength).reach(queryLength, keyLength);
        assertEquals(expected, new FusedCode(numbers, headDim, reach, false, false).isJoint(computeCapability));
        assertFalse(new FusedCode(numbers, headDim, reach, true, false).isJoint(computeCapability), "with documents");
        assertFalse(new FusedCode(numbers, headDim, reach, false, true).isJoint(computeCapability), "with dropout");
    }

    @Test
    void aTableWithoutRangesHasTheUsualKernels() {
        assertEquals(0, new HeadTable(new int[] {HeadTable.NOWHERE, -HeadTable.NOWHERE, HeadTable.NOWHERE, -HeadTable.NOWHERE, 0, 1, 0, 0}, false)
                .reach(5, 5).meanRange());
    }
}
