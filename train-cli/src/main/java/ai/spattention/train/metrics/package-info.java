/**
 * What a run writes while it learns: a line of JSON for each step, and text samples. Begin at {@link
 * ai.spattention.train.metrics.StepMetrics}.
 *
 * <p>The files grow by whole lines, so that a killed run leaves at most one cut line, the last. A run that resumes at step
 * S first drops what comes after S: no step is ever there twice.
 */
package ai.spattention.train.metrics;
