package ai.spattention.train.report;

import java.util.List;
import java.util.Locale;

/**
 * A line of a chart.
 *
 * @param name its name in the legend
 * @param ink its colour, as CSS writes it
 * @param look the CSS classes of its path: {@code faint}, {@code bold}, {@code dashed}, {@code dotted} or none
 * @param points its points in order, NaN values for gaps
 */
record Line(String name, String ink, String look, List<Point> points) {

    private static final int INKS = 8;
    private static final int FIRST_HUE = 215;
    private static final List<String> DASHES = List.of("", "dashed", "dotted");

    /** A colour that is easily told from its neighbours, from 0 on. */
    static String ink(int number) {
        return "var(--ink" + number % INKS + ")";
    }

    /** The look that tells lines of the same colour apart. */
    static String dash(int number) {
        return DASHES.get(number / INKS % DASHES.size());
    }

    /** A colour on the way from the first layer (blue) to the last (red). */
    static String layerInk(int layer, int layers) {
        return String.format(Locale.ROOT, "hsl(%d 70%% var(--layer))",
                layers == 1 ? FIRST_HUE : FIRST_HUE - FIRST_HUE * layer / (layers - 1));
    }
}
