package ai.spattention.train.report.chart;

import static j2html.TagCreator.body;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.head;
import static j2html.TagCreator.html;
import static j2html.TagCreator.li;
import static j2html.TagCreator.main;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.p;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.style;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.title;
import static j2html.TagCreator.tr;
import static j2html.TagCreator.ul;

import j2html.Config;
import j2html.TagCreator;
import j2html.rendering.FlatHtml;
import j2html.tags.DomContent;
import j2html.tags.specialized.FigureTag;
import j2html.tags.specialized.SectionTag;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** The frame of a page, and its plain parts. */
public final class Page {

    /** Whatever slipped into the page, a browser would neither run nor load it. */
    private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'";
    private static final Config XML = Config.defaults().withEmptyTagsClosed(true).withTextEscaper(SafeText::escape);

    private Page() {}

    /**
     * A page of HTML that is well-formed XML too.
     *
     * @param title its title
     * @param content what it holds
     * @return the page
     */
    public static String render(String title, List<DomContent> content) {
        var page = html(head(
                meta().withCharset("utf-8"),
                meta().attr("http-equiv", "Content-Security-Policy").withContent(POLICY),
                meta().withName("viewport").withContent("width=device-width, initial-scale=1"),
                title(title),
                style(rawHtml(css()))),
                body(Shapes.definitions(), main(each(content.stream())))).withLang("en");
        try {
            return page.render(FlatHtml.into(new StringBuilder("<!DOCTYPE html>\n"), XML), new PageIds()).append("\n").toString();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot be written to", e);
        }
    }

    private static String css() {
        try (InputStream in = Page.class.getResourceAsStream("page.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the report's style", e);
        }
    }

    /**
     * A part of the page.
     *
     * @param heading its heading
     * @param content what it holds
     * @return the part
     */
    public static SectionTag section(String heading, DomContent... content) {
        return TagCreator.section(h2(heading), each(content));
    }

    /**
     * A figure with its caption, which printing keeps together.
     *
     * @param title what is shown
     * @param see what is to be seen in it, a sentence or two for those who look for the first time
     * @param drawings the drawings, with their legends
     * @return the figure
     */
    public static FigureTag figure(String title, String see, DomContent... drawings) {
        return TagCreator.figure(figcaption(title), each(drawings), p(see).withClass("see"));
    }

    /**
     * The name of one of several drawings in a figure.
     *
     * @param name the name
     * @return its heading
     */
    public static DomContent panelTitle(String name) {
        return p(name).withClass("panel-title");
    }

    /**
     * A table that scrolls by itself where the page is narrower.
     *
     * @param headers the columns' names
     * @param rows the rows, whose first cells name them
     * @return the table
     */
    public static DomContent table(List<String> headers, List<List<String>> rows) {
        return div(TagCreator.table(
                thead(tr(each(headers, header -> th(header).attr("scope", "col")))),
                tbody(each(rows, row -> tr(th(row.get(0)).attr("scope", "row"), each(row.subList(1, row.size()), cell -> td(cell))))))
                .withClass("facts")).withClass("scroll").attr("tabindex", "0").attr("role", "region").attr("aria-label", headers.get(0));
    }

    /**
     * Two columns: names and values.
     *
     * @param facts the values by their names
     * @return a table
     */
    public static DomContent facts(Map<String, String> facts) {
        return TagCreator.table(tbody(each(facts, (name, value) -> tr(th(name), td(value))))).withClass("facts");
    }

    /**
     * What went wrong or is missing.
     *
     * @param notes a sentence each
     * @return a list; nothing if there is nothing to say
     */
    public static DomContent notes(List<String> notes) {
        return notes.isEmpty() ? each() : ul(each(notes, note -> li(note))).withClass("notes");
    }
}
