/** Measures as sums that add up: how many values, their sum and the sum of their squares, by bin and by window. */
package ai.spattention.eval.measure;
