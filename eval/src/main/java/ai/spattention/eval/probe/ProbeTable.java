package ai.spattention.eval.probe;

import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Probes' results as a table: a line for each bin. The standard error is that of windows, since tokens of one depend on another. */
public final class ProbeTable {

    private ProbeTable() {}

    /**
     * Makes the table.
     *
     * @param results the results
     * @return the table
     */
    public static Table of(List<ProbeResult> results) {
        List<List<String>> rows = new ArrayList<>();
        for (ProbeResult result : results) {
            for (Bin bin : result.bins()) {
                rows.add(List.of(result.probe(), result.text(), result.measure(), Integer.toString(result.length()), result.layout(),
                        bin.label(), Long.toString(bin.moments().n()), bin.moments().isEmpty() ? "-" : figure(bin.moments().mean()),
                        figure(standardError(bin))));
            }
        }
        return new Table(List.of("probe", "text", "measure", "length", "layout", "bin", "n", "mean", "stderr"), rows);
    }

    /** The error of a ratio of sums over windows: √(W / (W - 1) · Σ (n_w (m_w - m))²) / Σ n_w; NaN for fewer than two windows. */
    static double standardError(Bin bin) {
        double squares = 0;
        long windows = 0;
        for (int i = 0; i < bin.windows().size(); i++) {
            long n = bin.windows().n().get(i);
            if (n > 0) {
                double off = n * (bin.windows().mean().get(i) - bin.moments().mean());
                squares += off * off;
                windows++;
            }
        }
        return windows < 2 ? Double.NaN : Math.sqrt(squares * windows / (windows - 1)) / bin.moments().n();
    }

    private static String figure(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }
}
