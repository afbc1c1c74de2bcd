package ai.spattention.train.report.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineStyleTest {

    private static String marker(int number) {
        return new LineStyle(number).marker(0, 0).render().replaceAll(" style=\"[^\"]*\"", "");
    }

    @Test
    void nineLinesDifferInColourAndMarker() {
        assertEquals(9, IntStream.range(0, 9).mapToObj(number -> new LineStyle(number).colour()).distinct().count());
        assertEquals(9, IntStream.range(0, 9).mapToObj(LineStyleTest::marker).distinct().count());
    }

    @Test
    void linesOfOneColourDifferInDashAndMarker() {
        for (int number = 0; number < 18; number++) {
            assertEquals(new LineStyle(number).colour(), new LineStyle(number + 9).colour());
            assertNotEquals(new LineStyle(number).dash() + marker(number), new LineStyle(number + 9).dash() + marker(number + 9));
            assertNotEquals(marker(number), marker(number + 9));
        }
    }

    @Test
    void everyColourIsInTheStyleForLightAndDark() {
        String style = Html.parse(Page.render("page", List.of())).find("//style").get(0);
        for (int number = 0; number < 9; number++) {
            assertEquals(2, style.split("--ink" + number + ": #", -1).length - 1, "ink " + number);
        }
    }

    @Test
    void aPointSaysWhatItIs() {
        Svg drawing = Svg.canvas(10, 10, "drawing");
        new LineStyle(1).point(drawing, 5, 5, true, "sp, seed 1: <3>");
        Html page = Html.parse(Page.render("page", List.of(drawing)));
        assertEquals(List.of("sp, seed 1: <3>"), page.find("//path[@tabindex='0' and @role='img']/@aria-label"));
        assertEquals(List.of("sp, seed 1: <3>"), page.find("//path/title"));
        assertEquals(List.of("sp, seed 1: <3>"), page.find("//path/following-sibling::text[@text-anchor='end' and @aria-hidden='true']"));
    }
}
