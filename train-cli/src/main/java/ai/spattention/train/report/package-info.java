/**
 * A run, or several side by side, as one page of HTML that needs nothing else: {@link ai.spattention.train.report.RunReport}.
 *
 * <p>The charts are hand-written SVG. XChart writes SVG only through a second library, with colours of its own that know
 * no dark mode and without titles to hover over; what is needed here is small.
 *
 * <p>Memory stays bounded however long a run is: its curves are thinned while they are read.
 */
package ai.spattention.train.report;
