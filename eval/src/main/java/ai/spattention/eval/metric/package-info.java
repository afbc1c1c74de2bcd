/** Scores, as lm-evaluation-harness computes them. Begin at {@link ai.spattention.eval.metric.MetricName}. */
package ai.spattention.eval.metric;
