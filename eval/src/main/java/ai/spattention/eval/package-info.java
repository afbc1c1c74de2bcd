/** Runs of benchmark tasks, texts and ready requests, from their rows to their scores. Begin at {@link ai.spattention.eval.TaskRun}. */
package ai.spattention.eval;
