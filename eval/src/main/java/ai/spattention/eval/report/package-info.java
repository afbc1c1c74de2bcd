/** Results as files and tables, and the comparison of several. Begin at {@link ai.spattention.eval.report.TaskResult}. */
package ai.spattention.eval.report;
