package ai.spattention.eval.measure;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What each window (or document, or sequence of a probe) gave: tokens of one window depend on one another, so errors are estimated by
 * drawing whole windows. Window i is the same text for every model, which makes differences between models paired. Neighbouring windows can
 * be merged to blocks ({@link #merged}), which are windows again, only longer.
 *
 * @param n how many values each window has, 0 where a window has none; a single one is that of all windows, and so JSON has it where all are alike
 * @param mean the mean of each window's values, in {@value #DIGITS} digits or, of blocks, fewer; 0 where there are none
 */
public record WindowMeans(
        @JsonSerialize(using = OneIfAlike.class) @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) List<Long> n,
        List<Double> mean) {

    /** Nothing was kept by window. */
    public static final WindowMeans NONE = new WindowMeans(List.of(), List.of());

    /** Digits of a mean: far below what windows differ by, and short in a file of many thousands. */
    private static final int DIGITS = 5;

    /** Writes counts that are all alike, which most are, as one number: thousands of them would be most of a file. */
    private static final class OneIfAlike extends JsonSerializer<List<Long>> {

        @Override
        public void serialize(List<Long> counts, JsonGenerator json, SerializerProvider unused) throws IOException {
            if (counts.stream().distinct().count() == 1) {
                json.writeNumber(counts.get(0));
            } else {
                json.writeStartArray();
                for (long count : counts) {
                    json.writeNumber(count);
                }
                json.writeEndArray();
            }
        }
    }

    /**
     * Checks the lists.
     *
     * @throws IllegalArgumentException if they differ in length, or a count is negative
     */
    public WindowMeans {
        if (n.size() == 1 && mean.size() > 1) {
            n = Collections.nCopies(mean.size(), n.get(0));
        }
        if (n.size() != mean.size()) {
            throw new IllegalArgumentException(n.size() + " windows have counts and " + mean.size() + " have means");
        }
        if (n.stream().anyMatch(count -> count < 0)) {
            throw new IllegalArgumentException("a window has fewer than 0 values");
        }
        n = List.copyOf(n);
        mean = List.copyOf(mean);
    }

    /**
     * Takes the means of windows.
     *
     * @param windows each window's moments, in the order that all models share
     * @return the means
     */
    public static WindowMeans of(List<Moments> windows) {
        return new WindowMeans(windows.stream().map(Moments::n).toList(),
                windows.stream().map(window -> window.isEmpty() ? 0 : rounded(window.mean(), DIGITS)).toList());
    }

    /**
     * Merges neighbours to blocks of 1, 2, 4, ... windows, as few to a block as will do; the last block may have fewer. Which windows a block
     * has follows from their number alone, so that what was paired stays paired. Merging once more changes nothing.
     *
     * @param mostBlocks the most blocks to leave, at least 1
     * @param digits the digits of a block's mean, at least 1
     * @return the blocks: the sums of their windows' counts, and the means of all values in them
     * @throws IllegalArgumentException if a number is below 1
     */
    public WindowMeans merged(int mostBlocks, int digits) {
        if (mostBlocks < 1 || digits < 1) {
            throw new IllegalArgumentException("there is at least 1 block of 1 digit (got " + mostBlocks + " and " + digits + ")");
        }
        int length = 1;
        while ((size() - 1) / length >= mostBlocks) {
            length *= 2;
        }
        List<Long> counts = new ArrayList<>();
        List<Double> means = new ArrayList<>();
        for (int from = 0; from < size(); from += length) {
            int to = Math.min(from + length, size());
            counts.add(n.subList(from, to).stream().mapToLong(count -> count).sum());
            means.add(rounded(mean(from, to), digits));
        }
        return new WindowMeans(counts, means);
    }

    /** The mean of all values of some windows; 0 if they have none. */
    private double mean(int from, int to) {
        long count = 0;
        double sum = 0;
        for (int window = from; window < to; window++) {
            if (n.get(window) > 0) {
                count += n.get(window);
                sum += n.get(window) * mean.get(window);
            }
        }
        return count == 0 ? 0 : sum / count;
    }

    private static double rounded(double value, int digits) {
        return Double.isFinite(value) ? new BigDecimal(value).round(new MathContext(digits)).doubleValue() : value;
    }

    /**
     * Whether a model gave numbers at all.
     *
     * @return whether no mean is NaN or infinite
     */
    @JsonIgnore
    public boolean isFinite() {
        return mean.stream().allMatch(Double::isFinite);
    }

    /**
     * How many windows there are.
     *
     * @return the number, empty windows included
     */
    public int size() {
        return n.size();
    }
}
