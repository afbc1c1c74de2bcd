/**
 * A run, or several side by side, as one page of HTML that needs nothing else: {@link ai.spattention.train.report.RunReport}.
 *
 * <p>Memory stays bounded however long a run is: its curves are thinned while they are read.
 */
package ai.spattention.train.report;
