package ai.spattention.eval.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;

class MetricsTest {

    @Test
    void lengthsAreCodePointsAndBytes() {
        // one code point of four bytes and two chars, against three of three: -6/1, -7/3 and -6/4, -7/3
        List<Double> logLikelihoods = List.of(-6.0, -7.0);
        List<String> texts = List.of("\ud83d\ude00", "abc");
        assertEquals(0, ChoiceMetrics.chosen(MetricName.ACC, logLikelihoods, texts));
        assertEquals(1, ChoiceMetrics.chosen(MetricName.ACC_NORM, logLikelihoods, texts));
        assertEquals(0, ChoiceMetrics.chosen(MetricName.ACC_BYTES, logLikelihoods, texts));
        // by chars it would be -6/2 against -7/3 too, but -5/2 wins against -7/2.5 only by code points
        assertEquals(1, ChoiceMetrics.chosen(MetricName.ACC_NORM, List.of(-5.0, -7.0), List.of("\ud83d\ude00", "ab")));
    }

    @Test
    void theFirstOfEqualsIsTaken() {
        assertEquals(1, ChoiceMetrics.chosen(MetricName.ACC, List.of(-2.0, -1.0, -1.0), List.of("a", "b", "c")));
    }

    @Test
    void meanHasTheSamplesError() {
        Statistic mean = Statistics.mean(1, 0, 0, 1, 1);
        assertEquals(0.6, mean.value(), 1e-15);
        assertEquals(0.2449489742783178, mean.standardError(), 1e-15); // sqrt(1.2 / 4) / sqrt(5)
        assertNull(Statistics.mean(1).standardError());
    }

    @Test
    void groupsWeighBySize() {
        Statistic pooled = Statistics.pooled(List.of(new Statistic(0.5, 0.1), new Statistic(0.25, 0.2)), List.of(10, 30));
        assertEquals(0.3125, pooled.value(), 1e-15);
        // ((9 * 0.01 * 10) + (29 * 0.04 * 30)) / (40 - 2) / 40, as the harness pools it
        assertEquals(Math.sqrt((0.9 + 34.8) / 38 / 40), pooled.standardError(), 1e-15);
        assertNull(Statistics.pooled(List.of(new Statistic(0.5, null)), List.of(1)).standardError());
    }

    @Test
    void bootstrapIsPythons() {
        Statistic perplexity = Bootstrap.perplexity(-1.5, -0.25, -3.0, -2.0);
        assertEquals(5.405948925141167, perplexity.value(), 1e-12);
        assertEquals(3.0800494472557642, perplexity.standardError(), 1e-9);
    }

    @Test
    void textsAreSummedBeforeTheyAreDivided() {
        TextMetrics sums = new TextMetrics();
        sums.add(-10, 4, 2, 20);
        sums.add(-20, 6, 3, 40);
        assertEquals(Math.exp(6), sums.of(MetricName.WORD_PERPLEXITY).value(), 1e-9);
        assertEquals(Math.exp(0.5), sums.of(MetricName.BYTE_PERPLEXITY).value(), 1e-12);
        assertEquals(0.5 / Math.log(2), sums.of(MetricName.BITS_PER_BYTE).value(), 1e-12);
        assertEquals(3, sums.of(MetricName.LOSS).value(), 1e-12);
        assertEquals(Math.exp(3), sums.of(MetricName.TOKEN_PERPLEXITY).value(), 1e-9);
        assertNull(sums.of(MetricName.LOSS).standardError());
        assertEquals(10, sums.tokens());
    }
}
