package ai.spattention.train.report.chart;

/** How much of a cell is seen, in four steps: what is seen in part stays visible. */
public final class Shade {

    private static final int SHADES = 4;

    private Shade() {}

    /** 0 for nothing, 4 for everything. */
    public static int of(double share) {
        return (int) Math.ceil(Math.min(1, share) * SHADES);
    }
}
