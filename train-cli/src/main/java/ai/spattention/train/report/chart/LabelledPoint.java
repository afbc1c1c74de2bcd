package ai.spattention.train.report.chart;

import j2html.rendering.HtmlBuilder;
import j2html.tags.DomContent;
import java.io.IOException;

/**
 * A measurement in a drawing: takes the focus, and shows its label then and when the pointer rests on it. The label stands in the page once: it
 * is what others see and the name that those are told who cannot see it.
 */
final class LabelledPoint extends DomContent {

    private static final double LABEL_ABOVE = 8;

    private final LineStyle style;
    private final double x;
    private final double y;
    private final String label;

    /**
     * A point.
     *
     * @param style gives its marker
     * @param x its middle
     * @param y its middle
     * @param label what it is, with its number and unit
     */
    LabelledPoint(LineStyle style, double x, double y, String label) {
        this.style = style;
        this.x = x;
        this.y = y;
        this.label = label;
    }

    /** Its middle. */
    double x() {
        return x;
    }

    /** Draws the point in a page, whose {@link PageIds} are the model. */
    @Override
    public <A extends Appendable> A render(HtmlBuilder<A> builder, Object model) throws IOException {
        String id = ((PageIds) model).next();
        style.marker(x, y).attr("tabindex", "0").attr("role", "img").attr("aria-labelledby", id).render(builder, model);
        return Svg.label(x, y - LABEL_ABOVE, label).withId(id).render(builder, model);
    }
}
