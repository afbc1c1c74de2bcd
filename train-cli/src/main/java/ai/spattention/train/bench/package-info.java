/**
 * What the commands below {@code bench} measure: attention patterns and kernels, training steps, blocks, the preparation of data, what
 * processes exchange. Begin at {@link ai.spattention.train.bench.AttentionBench}.
 */
package ai.spattention.train.bench;
