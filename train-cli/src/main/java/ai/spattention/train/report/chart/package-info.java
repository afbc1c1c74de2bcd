/**
 * Pages of HTML that need nothing else, and what is drawn on them: axes, markers, charts. What a page is about is known to those who draw.
 * Begin at {@link ai.spattention.train.report.chart.Page}.
 *
 * <p>The charts are hand-written SVG. XChart writes SVG only through a second library, with colours of its own that know
 * no dark mode and without titles to hover over; what is needed here is small.
 *
 * <p>Nothing is told by colour alone: lines differ in colour, dash and marker. Points that stand for a measurement take the keyboard's
 * focus and show what they are. A page runs no script.
 */
package ai.spattention.train.report.chart;
