/**
 * The commands below {@code bench}: options in, tables and JSON out; {@code ai.spattention.train.bench} measures. Begin at {@link
 * ai.spattention.train.cli.bench.BenchCommand}.
 */
package ai.spattention.train.cli.bench;
