package ai.spattention.eval.report;

import static j2html.TagCreator.body;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.head;
import static j2html.TagCreator.html;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.p;
import static j2html.TagCreator.style;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.title;
import static j2html.TagCreator.tr;

import ai.spattention.olmoe.io.VisibleText;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table of text. What would break a line or command a terminal is made visible.
 *
 * @param headers the columns' names
 * @param rows the rows, as wide as the headers
 */
public record Table(List<String> headers, List<List<String>> rows) {

    private static final String STYLE = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:90rem}"
            + "table{border-collapse:collapse}th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid #8884}"
            + "th:first-child,td:first-child{text-align:left}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}";

    /** Makes every cell one line. */
    public Table {
        headers = visible(headers);
        rows = rows.stream().map(Table::visible).toList();
    }

    private static List<String> visible(List<String> cells) {
        return cells.stream().map(VisibleText::line).toList();
    }

    /**
     * For a terminal: columns in line, separated by two spaces.
     *
     * @return the text, without the last line's end
     */
    public String toText() {
        List<List<String>> all = new ArrayList<>(List.of(headers));
        all.addAll(rows);
        int[] widths = new int[headers.size()];
        for (List<String> row : all) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).codePointCount(0, row.get(i).length()));
            }
        }
        return all.stream().map(row -> {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String cell = row.get(i);
                line.append(cell).append(" ".repeat(widths[i] - cell.codePointCount(0, cell.length()) + 2));
            }
            return line.toString().stripTrailing();
        }).collect(Collectors.joining("\n"));
    }

    /**
     * For Markdown.
     *
     * @return the text
     */
    public String toMarkdown() {
        List<String> lines = new ArrayList<>();
        lines.add(markdown(headers));
        lines.add("|" + "---|".repeat(headers.size()));
        rows.forEach(row -> lines.add(markdown(row)));
        return String.join("\n", lines) + "\n";
    }

    private static String markdown(List<String> cells) {
        return cells.stream().map(cell -> cell.replaceAll("[\\\\|*_`\\[\\]]", "\\\\$0").replace("&", "&amp;").replace("<", "&lt;"))
                .collect(Collectors.joining(" | ", "| ", " |"));
    }

    /**
     * A page of its own that needs nothing else.
     *
     * @param name the page's title
     * @param note a line below the table
     * @return the page
     */
    public String toHtml(String name, String note) {
        return "<!DOCTYPE html>\n" + html(
                head(meta().withCharset("utf-8"), title(VisibleText.line(name)), style(STYLE)),
                body(h1(VisibleText.line(name)),
                        table(thead(tr(each(headers, header -> th(header)))),
                                tbody(each(rows, row -> tr(each(row, cell -> td(cell)))))),
                        p(note))).withLang("en").render() + "\n";
    }
}
