package ai.spattention.train.report.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineStyleTest {

    private static String marker(int number) {
        return new LineStyle(number).marker(0, 0).render();
    }

    @Test
    void nineLinesDifferInColourAndMarker() {
        assertEquals(9, IntStream.range(0, 9).mapToObj(number -> new LineStyle(number).ink()).distinct().count());
        assertEquals(9, IntStream.range(0, 9).mapToObj(LineStyleTest::marker).distinct().count());
    }

    @Test
    void linesOfOneColourDifferInDashAndMarker() {
        for (int number = 0; number < 18; number++) {
            assertEquals(new LineStyle(number).ink(), new LineStyle(number + 9).ink());
            assertNotEquals(new LineStyle(number).dash() + marker(number), new LineStyle(number + 9).dash() + marker(number + 9));
            assertNotEquals(marker(number), marker(number + 9));
        }
    }

    @Test
    void everyColourIsInTheStyleForLightAndDark() {
        String style = Html.parse(Page.render("page", List.of())).find("//style").get(0);
        for (int number = 0; number < 9; number++) {
            assertEquals(2, style.split("--ink" + number + ": #", -1).length - 1, "ink " + number);
            assertTrue(style.contains("." + new LineStyle(number).ink() + " { --c: var(--ink" + number + "); } .single.ink" + number + " { marker: url(\"#ring" + number + "\"); }"), "ink " + number);
        }
    }

    @Test
    void everyMarkerAndRingIsInThePageAndLooksLikeNoOther() {
        Html page = Html.parse(Page.render("page", List.of()));
        assertEquals(9, page.find("//svg[@aria-hidden='true']/defs/path/@d").stream().distinct().count());
        for (int number = 0; number < 9; number++) {
            assertEquals(1, page.find("//defs/path[@id='m" + number + "']").size());
            assertEquals(1, page.find("//defs/marker[@id='ring" + number + "' and @class='ink" + number + "']").size());
        }
    }

    @Test
    void aPointTakesTheFocusAndItsLabelIsItsNameAndStandsThereOnce() {
        LineStyle style = new LineStyle(1);
        Svg drawing = Svg.canvas(10, 10, "drawing").with(style.points(List.of(new LabelledPoint(style, 5.1, 15, "sp, seed 1: <3>"),
                new LabelledPoint(style, 5, 25, "left")), 5));
        Html page = Html.parse(Page.render("page", List.of(drawing)));
        String point = "//g[@class='points ink1']/use[@href='#m1' and @tabindex='0' and @role='img']";
        assertEquals(List.of("left"), page.find(point + "/following-sibling::*[1][self::text]"));
        assertEquals(List.of("sp, seed 1: <3>"), page.find("//g[@class='points ink1']/g[@class='at-end']/use/following-sibling::text"));
        assertEquals(2, page.find("//use[@tabindex='0' and @role='img']").size());
        assertEquals(page.find("//@aria-labelledby"), page.find("//use/following-sibling::*[1][self::text]/@id"));
        assertEquals(1, page.text().split("sp, seed 1", -1).length - 1);
    }
}
