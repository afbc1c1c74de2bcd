/**
 * Measures as sums that add up: how many values, their sum and the sum of their squares, by bin and by window. Begin at {@link
 * ai.spattention.eval.measure.Moments}.
 */
package ai.spattention.eval.measure;
