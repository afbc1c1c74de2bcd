/** Scores, as lm-evaluation-harness computes them. */
package ai.spattention.eval.metric;
