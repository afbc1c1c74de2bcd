package ai.spattention.train.report;

import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;

import ai.spattention.pattern.HeadMask;
import ai.spattention.train.mask.Coverage;
import ai.spattention.train.mask.MaskTitle;
import ai.spattention.train.report.chart.Shade;
import ai.spattention.train.report.chart.Svg;
import j2html.tags.specialized.FigureTag;
import java.util.Map;
import java.util.TreeMap;

/** A head's mask in small: queries downwards, keys to the right. */
final class MaskPicture {

    private static final int MOST_CELLS = 40;
    private static final double SIDE = 120;

    private MaskPicture() {}

    /**
     * Draws a mask.
     *
     * @param title whose it is
     * @param mask what is seen
     * @param length N
     */
    static FigureTag draw(String title, HeadMask mask, int length) {
        int cells = Math.min(length, MOST_CELLS);
        double[][] coverage = Coverage.of(mask, length, cells);
        double cell = SIDE / cells;
        Map<Integer, StringBuilder> shades = new TreeMap<>();
        for (int query = 0; query < cells; query++) {
            int start = 0;
            for (int key = 1; key <= query + 1; key++) {
                int shade = Shade.of(share(coverage, query, start));
                if (key > query || Shade.of(share(coverage, query, key)) != shade) {
                    shades.computeIfAbsent(shade, ignored -> new StringBuilder())
                            .append(Svg.box(start * cell, query * cell, (key - start) * cell, cell));
                    start = key;
                }
            }
        }
        Svg svg = Svg.canvas(SIDE, SIDE, title);
        shades.forEach((shade, boxes) -> svg.with(
                Svg.path(boxes.toString()).withClass(shade == 0 ? "past" : "seen" + shade)));
        svg.with(Svg.rect(0, 0, SIDE, SIDE).withClass("hit").hover(title + ": " + MaskTitle.of(mask, length)));
        return figure(svg, figcaption(title)).withClass("mask");
    }

    /** A cell on the diagonal holds half as many pairs of the past. */
    private static double share(double[][] coverage, int query, int key) {
        return coverage[query][key] * (query == key ? 2 : 1);
    }
}
