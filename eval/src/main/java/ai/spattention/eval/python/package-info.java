/** Python's text and its random numbers, where Java's own methods do it a little differently. */
package ai.spattention.eval.python;
