/** Benchmarks that compare attention patterns and kernels within one run. */
package ai.spattention.train.bench;
