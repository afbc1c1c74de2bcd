package ai.spattention.train.report.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SvgTest {

    private static final Pattern STROKE = Pattern.compile("([Mlhv])(-?[0-9.]+)(?: ?(-?[0-9.]+))?");

    @ParameterizedTest
    @CsvSource({"0, 0", "12, 12", "-12.04, -12", "12.25, 12.3", "0.5, .5", "-0.5, -.5", "-0.04, 0", "-3.14, -3.1", "1234.56, 1234.6", "0.95, 1"})
    void coordinatesHaveATenthAtTheMostAndNoIdleZero(double value, String expected) {
        assertEquals(expected, Svg.number(value));
    }

    @Property
    void aCoordinateReadBackIsATenthOff(@ForAll @DoubleRange(min = -1e6, max = 1e6) double value) {
        assertEquals(value, Double.parseDouble(Svg.number(value)), 0.05 + 1e-9);
    }

    @Test
    void pairsDoNotRunIntoOneAnother() {
        assertEquals("1.5 2", Svg.pair(1.5, 2));
        assertEquals("1.5-2", Svg.pair(1.5, -2));
        assertEquals("1 .5", Svg.pair(1, 0.5));
    }

    @Test
    void whatIsEmptyHasNoEndTagAndAGroupSaysItOnce() {
        assertEquals("<g class=\"grid\"><path d=\"M1 2H3\"><path d=\"M1 2V3\"></g>",
                Svg.group("grid", Stream.of(Svg.path(Svg.level(1, 3, 2)), Svg.path(Svg.upright(1, 2, 3)))).render());
        String page = Page.render("page", List.of(Svg.path("M0 0").withClass("line")));
        assertTrue(page.contains("<path d=\"M0 0\" class=\"line\"/>"), page);
    }

    /** However many the strokes, each ends within a tenth of where it should. */
    @Property
    void roundingOfStrokesDoesNotAddUp(@ForAll @Size(min = 2, max = 60) List<@DoubleRange(min = -600, max = 600) Double> values) {
        Polyline line = new Polyline();
        for (int i = 0; i < values.size(); i++) {
            if (i == 0) {
                line.moveTo(values.get(i), values.get(values.size() - 1 - i));
            } else {
                line.lineTo(values.get(i), values.get(values.size() - 1 - i));
            }
        }
        Matcher strokes = STROKE.matcher(line.toString());
        double x = 0;
        double y = 0;
        for (int i = 0; i < values.size(); i++) {
            assertTrue(strokes.find(), line.toString());
            double first = Double.parseDouble(strokes.group(2));
            switch (strokes.group(1)) {
                case "M" -> {
                    x = first;
                    y = Double.parseDouble(strokes.group(3));
                }
                case "h" -> x += first;
                case "v" -> y += first;
                default -> {
                    x += first;
                    y += Double.parseDouble(strokes.group(3));
                }
            }
            assertEquals(values.get(i), x, 0.05 + 1e-6, line.toString());
            assertEquals(values.get(values.size() - 1 - i), y, 0.05 + 1e-6, line.toString());
        }
        assertTrue(!strokes.find(), line.toString());
    }
}
