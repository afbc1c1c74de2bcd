/** Results as files and tables, and the comparison of several. */
package ai.spattention.eval.report;
