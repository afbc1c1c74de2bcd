/** Tasks, which are data, and how a row of a data set becomes requests to a model. */
package ai.spattention.eval.task;
