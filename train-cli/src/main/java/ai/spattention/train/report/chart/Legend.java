package ai.spattention.train.report.chart;

import static j2html.TagCreator.each;
import static j2html.TagCreator.li;
import static j2html.TagCreator.span;
import static j2html.TagCreator.ul;

import j2html.tags.DomContent;
import java.util.List;

/** What the lines of a chart stand for. */
public final class Legend {

    private static final double WIDTH = 30;
    private static final double HEIGHT = 10;

    private Legend() {}

    /**
     * An entry.
     *
     * @param name what the line stands for
     * @param style how it looks
     * @param look further CSS classes of the line
     * @param isMarked whether it has the style's dash and markers, rather than being a whole line
     */
    public record Entry(String name, LineStyle style, String look, boolean isMarked) {}

    /**
     * Draws a legend.
     *
     * @param entries the entries in order
     * @return a list
     */
    public static DomContent draw(List<Entry> entries) {
        return ul(each(entries, entry -> li(key(entry), span(entry.name())))).withClass("legend");
    }

    /**
     * What an entry's line looks like. Its name stands beside it, so that those who cannot see it miss nothing.
     *
     * @param entry the entry
     * @return a small drawing
     */
    public static Svg key(Entry entry) {
        Svg key = Svg.of("svg").attr("viewBox", "0 0 " + Svg.pair(WIDTH, HEIGHT)).withClass("key " + entry.style().ink()).attr("aria-hidden", "true")
                .with(Svg.path("M1 5h28").withClass(entry.style().classes(entry.look(), entry.isMarked())));
        return entry.isMarked() ? key.with(entry.style().marker(WIDTH / 2, HEIGHT / 2)) : key;
    }
}
