package ai.spattention.train.report.chart;

/** Names for what a page refers to within itself, each once in a page. */
final class PageIds {

    private int given;

    /** The next name, a number of few digits behind a letter. */
    String next() {
        return "p" + Integer.toString(given++, Character.MAX_RADIX);
    }
}
