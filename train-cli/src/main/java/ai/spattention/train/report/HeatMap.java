package ai.spattention.train.report;

import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Svg;
import j2html.tags.specialized.FigureTag;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The experts' load, a row for each layer and a column for each expert. No colour is the even share; blue less, down to none;
 * orange more.
 */
final class HeatMap {

    private static final double WIDTH = 1140;
    private static final double LEFT = 64;
    private static final double TOP = 6;
    private static final double BELOW = 36;
    private static final double TALLEST = 30;
    private static final double SHORTEST = 12;
    private static final double ROOM_FOR_TEXT = 34;
    private static final int SHADES = 8;

    private final List<List<Double>> shares;
    private final int experts;
    private final double cellWidth;
    private final double cellHeight;
    private final double most;
    /** The cells of a shade in one path: a page of many cells stays small. */
    private final Map<String, StringBuilder> shades = new TreeMap<>();

    private HeatMap(List<List<Double>> shares) {
        this.shares = shares;
        experts = shares.stream().mapToInt(List::size).max().orElse(1);
        cellWidth = (WIDTH - LEFT - 2) / experts;
        cellHeight = Math.max(SHORTEST, Math.min(TALLEST, 400.0 / shares.size()));
        most = Math.max(2, shares.stream().mapToDouble(Metric::peakLoad).max().orElse(1));
    }

    /**
     * Draws the load.
     *
     * @param title what is shown
     * @param shares for each layer, each expert's share of the layer's tokens
     */
    static FigureTag draw(String title, List<List<Double>> shares) {
        return new HeatMap(shares).draw(title);
    }

    private FigureTag draw(String title) {
        double bottom = TOP + shares.size() * cellHeight;
        Svg svg = Svg.canvas(WIDTH, bottom + BELOW, title);
        for (int layer = 0; layer < shares.size(); layer++) {
            for (int expert = 0; expert < shares.get(layer).size(); expert++) {
                shades.computeIfAbsent(shade(load(layer, expert)), key -> new StringBuilder()).append(
                        Svg.box(LEFT + expert * cellWidth, TOP + layer * cellHeight, cellWidth - 1, cellHeight - 1));
            }
        }
        shades.forEach((shade, cells) -> svg.with(Svg.path(cells.toString()).withClass("cell " + shade)));
        for (int layer = 0; layer < shares.size(); layer++) {
            row(svg, layer);
        }
        int every = (int) Math.ceil(28 / cellWidth);
        for (int expert = 0; expert < experts; expert += every) {
            svg.with(Svg.text(LEFT + (expert + 0.5) * cellWidth, bottom + 14, "middle", Integer.toString(expert)));
        }
        svg.with(Svg.text((LEFT + WIDTH) / 2, bottom + 30, "middle", "expert; blue: less than the even share"
                + " (full colour: none), orange: more (full colour: " + multiple(most) + " times it)"));
        return Page.figure(title, "A cell without colour has the even share. Deep blue cells are experts that hardly work, deep orange ones those that get most"
                + " tokens: a layer with one orange cell among blue ones has collapsed.", svg).withClass("wide");
    }

    private void row(Svg svg, int layer) {
        double top = TOP + layer * cellHeight;
        List<Double> row = shares.get(layer);
        svg.with(Svg.text(LEFT - 8, top + cellHeight / 2 + 4, "end", "layer " + layer));
        if (row.isEmpty()) {
            return;
        }
        if (cellWidth >= ROOM_FOR_TEXT && cellHeight >= SHORTEST + 2) {
            for (int expert = 0; expert < row.size(); expert++) {
                svg.with(Svg.text(LEFT + (expert + 0.5) * cellWidth, top + cellHeight / 2 + 4, "middle",
                        multiple(load(layer, expert))));
            }
        }
        svg.with(Svg.rect(LEFT, top, row.size() * cellWidth, cellHeight).withClass("hit").hover("layer " + layer
                + ": busiest expert " + row.indexOf(Collections.max(row)) + " (" + multiple(Metric.peakLoad(row))
                + " times the even share), idlest expert " + row.indexOf(Collections.min(row)) + " ("
                + multiple(Collections.min(row) * row.size()) + ")"));
    }

    private double load(int layer, int expert) {
        return shares.get(layer).get(expert) * shares.get(layer).size();
    }

    private static String multiple(double load) {
        return String.format(Locale.ROOT, "%.2f", load);
    }

    /** Less than even: under0 (none) to under8; more: over0 to over8 (the most there is). */
    private String shade(double load) {
        return load < 1 ? "under" + Math.round((1 - load) * SHADES)
                : "over" + Math.round((load - 1) / (most - 1) * SHADES);
    }
}
