package ai.spattention.train.report.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AxisTest {

    @Test
    void ticksAreRoundNumbers() {
        assertEquals(List.of(0.0, 50.0, 100.0, 150.0), Axis.of(Scale.FROM_ZERO, 20, 130).ticks());
        assertEquals(List.of(1.5, 2.0, 2.5, 3.0), Axis.of(Scale.LOGARITHMIC, 1.4, 3.5).ticks());
        assertEquals(List.of("1e-4", "0.01", "1", "100"),
                Axis.of(Scale.LOGARITHMIC, 1e-5, 1e3).ticks().stream().map(Numbers::tick).toList());
    }

    @Test
    void aLogarithmicAxisNeedsPositiveValues() {
        assertTrue(Axis.of(Scale.LOGARITHMIC, 0.5, 5).isLogarithmic());
        assertTrue(!Axis.of(Scale.LOGARITHMIC, 0, 5).isLogarithmic());
        assertEquals(0.5, new Axis(1, 100, true, List.of()).place(10), 1e-12);
    }

    @Property
    void everyRangeGetsAnAxisThatHoldsIt(@ForAll Scale scale, @ForAll @DoubleRange(min = -1e99, max = 1e99) double a,
            @ForAll @DoubleRange(min = -1e99, max = 1e99) double b) {
        check(scale, Math.min(a, b), Math.max(a, b));
    }

    @Property
    void narrowRangesToo(@ForAll Scale scale, @ForAll @DoubleRange(min = -1e6, max = 1e6) double at,
            @ForAll @IntRange(min = 0, max = 1000) int width) {
        check(scale, at, at + width * 1e-7);
    }

    private static void check(Scale scale, double min, double max) {
        Axis axis = Axis.of(scale, min, max);
        assertTrue(axis.low() < axis.high(), axis.toString());
        assertTrue(axis.place(min) >= -1e-6 && axis.place(max) <= 1 + 1e-6 && axis.place(min) <= axis.place(max), axis.toString());
        assertTrue(!axis.ticks().isEmpty() && axis.ticks().size() <= 13, axis.toString());
        assertEquals(axis.ticks().size(), new HashSet<>(axis.ticks()).size());
        for (double tick : axis.ticks()) {
            assertTrue(axis.place(tick) >= -1e-6 && axis.place(tick) <= 1 + 1e-6, axis.toString());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "5, 5", "-3, -3", "1e-30, 1e-30"})
    void oneValueGetsRoomOnBothSides(double min, double max) {
        for (Scale scale : Scale.values()) {
            check(scale, min, max);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0.5, 0.5", "950, 950", "1000, 1k", "12345, 12.345k", "1234567, 1.234567M", "0.3, 0.30000000000000004",
        "5e-4, 0.0005", "-1.5e-7, -1.5e-7", "2B, 2e9", "1e20, 1e20"})
    void ticksReadWell(String expected, String value) {
        if (!Character.isLetter(value.charAt(value.length() - 1))) {
            assertEquals(expected, Numbers.tick(Double.parseDouble(value)));
        } else {
            assertEquals(value, Numbers.tick(Double.parseDouble(expected)));
        }
    }

    @ParameterizedTest
    @CsvSource({"59.94, 59.9 s", "60, 0:01:00", "3661.4, 1:01:01", "360000, 100:00:00", "NaN, unknown"})
    void timesReadWell(double seconds, String expected) {
        assertEquals(expected, Numbers.clock(seconds));
    }

    @ParameterizedTest
    @CsvSource({"1.5e12, '1.5 T'", "999.6, '1 k'", "12, '12 '"})
    void prefixesGoBeforeTheUnit(double value, String expected) {
        assertEquals(expected, Numbers.prefixed(value));
    }
}
