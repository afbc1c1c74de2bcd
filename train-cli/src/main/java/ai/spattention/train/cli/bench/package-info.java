/** The commands below {@code bench}: options in, tables and JSON out; {@code ai.spattention.train.bench} measures. */
package ai.spattention.train.cli.bench;
