/** What Python does with text, where Java's own methods do it a little differently. */
package ai.spattention.eval.python;
