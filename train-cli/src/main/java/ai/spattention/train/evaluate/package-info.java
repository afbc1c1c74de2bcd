/** Benchmark tasks of {@code ai.spattention.eval}, scored on a model while it learns. */
package ai.spattention.train.evaluate;
