/** Tasks, which are data, and how a row of a data set becomes requests to a model. Begin at {@link ai.spattention.eval.task.TaskCatalog}. */
package ai.spattention.eval.task;
