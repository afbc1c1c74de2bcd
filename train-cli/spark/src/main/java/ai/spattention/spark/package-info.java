/**
 * Runs the command line on a Spark cluster. A task starts a process of {@code spattn}, watches it and ends it, so that nothing of the
 * command line's libraries and nothing of Spark's meets in one Java machine. Begin at {@link ai.spattention.spark.SparkPrepare}.
 */
package ai.spattention.spark;
