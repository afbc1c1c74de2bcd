package ai.spattention.train.report;

import ai.spattention.pattern.HeadMask;
import ai.spattention.train.mask.MaskTitle;
import ai.spattention.train.report.chart.Axis;
import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Shade;
import ai.spattention.train.report.chart.Svg;
import j2html.tags.specialized.FigureTag;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Which distances each head sees: a strip for each head, distance 0 at the left. */
final class BandDrawing {

    private static final double WIDTH = 1140;
    private static final double LEFT = 64;
    private static final double RIGHT = WIDTH - 20;
    private static final double TOP = 6;
    private static final double BELOW = 36;
    private static final int MOST_CELLS = 512;
    private static final int FEW_HEADS = 16;

    private BandDrawing() {}

    /**
     * Draws the bands.
     *
     * @param title what is shown
     * @param masks what each head sees
     * @param length N: distances 0 to N - 1 are drawn
     */
    static FigureTag draw(String title, List<HeadMask> masks, int length) {
        double height = masks.size() <= FEW_HEADS ? 18 : 10;
        double bottom = TOP + masks.size() * height;
        Svg svg = Svg.canvas(WIDTH, bottom + BELOW, title);
        for (int head = 0; head < masks.size(); head++) {
            double top = TOP + head * height;
            svg.with(Svg.rect(LEFT, top, RIGHT - LEFT, height - 2).withClass("past"));
            strips(masks.get(head), length, top, height - 2)
                    .forEach((shade, strips) -> svg.with(Svg.path(strips.toString()).withClass("seen" + shade)));
            svg.with(Svg.rect(LEFT, top, RIGHT - LEFT, height - 2).withClass("hit")
                    .hover("head " + head + ": " + MaskTitle.of(masks.get(head), length)));
            if (masks.size() <= FEW_HEADS || head % 4 == 0) {
                svg.with(Svg.text(LEFT - 8, top + height / 2 + 4, "end", "head " + head));
            }
        }
        Axis axis = Axis.upTo(length);
        StringBuilder ticks = new StringBuilder();
        axis.ticks().forEach(tick -> ticks.append(Svg.upright(across(axis, tick), bottom, bottom + 4)));
        svg.with(Svg.path(ticks).withClass("axis"), Svg.group("at-middle", axis.ticks().stream()
                .map(tick -> Svg.text(across(axis, tick), bottom + 16, Numbers.whole(Math.round(tick)))))
                .with(Svg.text((LEFT + RIGHT) / 2, bottom + 32, "distance from query to key (tokens)")));
        return Page.figure(title, "A row for each head, coloured where it sees keys at that distance: a distance that few rows colour can be"
                + " bridged by few heads.", svg).withClass("wide");
    }

    private static double across(Axis axis, double value) {
        return LEFT + axis.place(value) * (RIGHT - LEFT);
    }

    /** Neighbouring cells of the same shade become one strip; the shades are those of {@link Shade}. */
    private static Map<Integer, StringBuilder> strips(HeadMask mask, int length, double top, double height) {
        Map<Integer, StringBuilder> strips = new TreeMap<>();
        int cells = Math.min(length, MOST_CELLS);
        double width = (RIGHT - LEFT) / cells;
        int start = 0;
        for (int cell = 1; cell <= cells; cell++) {
            int shade = shade(mask, length, cells, start);
            if (cell == cells || shade(mask, length, cells, cell) != shade) {
                if (shade > 0) {
                    strips.computeIfAbsent(shade, key -> new StringBuilder())
                            .append(Svg.box(LEFT + start * width, top, (cell - start) * width, height));
                }
                start = cell;
            }
        }
        return strips;
    }

    private static int shade(HeadMask mask, int length, int cells, int cell) {
        int first = (int) ((long) cell * length / cells);
        int end = (int) ((long) (cell + 1) * length / cells);
        return Shade.of((mask.seenDistances(end) - mask.seenDistances(first)) / (double) (end - first));
    }
}
