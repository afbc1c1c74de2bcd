/**
 * Python's text and its random numbers, where Java's own methods do it a little differently. Begin at {@link
 * ai.spattention.eval.python.PythonText}.
 */
package ai.spattention.eval.python;
