package ai.spattention.train.report;

import static j2html.TagCreator.body;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.head;
import static j2html.TagCreator.html;
import static j2html.TagCreator.li;
import static j2html.TagCreator.main;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.style;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.title;
import static j2html.TagCreator.tr;
import static j2html.TagCreator.ul;

import j2html.Config;
import j2html.rendering.FlatHtml;
import j2html.tags.DomContent;
import j2html.tags.specialized.SectionTag;
import j2html.TagCreator;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** The frame of a page, and its plain parts. */
final class Page {

    /** Whatever slipped into the page, a browser would neither run nor load it. */
    private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'";
    private static final Config XML = Config.defaults().withEmptyTagsClosed(true).withTextEscaper(SafeText::escape);

    private Page() {}

    /** A page of HTML that is well-formed XML too. */
    static String render(String title, List<DomContent> content) {
        var page = html(head(
                meta().withCharset("utf-8"),
                meta().attr("http-equiv", "Content-Security-Policy").withContent(POLICY),
                meta().withName("viewport").withContent("width=device-width, initial-scale=1"),
                title(title),
                style(rawHtml(css()))),
                body(main(each(content.stream())))).withLang("en");
        try {
            return page.render(FlatHtml.into(new StringBuilder("<!DOCTYPE html>\n"), XML), null).append("\n").toString();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot be written to", e);
        }
    }

    private static String css() {
        try (InputStream in = Page.class.getResourceAsStream("report.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the report's style", e);
        }
    }

    static SectionTag section(String heading, DomContent... content) {
        return TagCreator.section(h2(heading), each(content));
    }

    /** Two columns: names and values. */
    static DomContent facts(Map<String, String> facts) {
        return table(tbody(each(facts, (name, value) -> tr(th(name), td(value))))).withClass("facts");
    }

    /** What went wrong or is missing; nothing if there is nothing to say. */
    static DomContent notes(List<String> notes) {
        return notes.isEmpty() ? each() : ul(each(notes, note -> li(note))).withClass("notes");
    }
}
