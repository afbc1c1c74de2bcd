/** A training run: batches in, DJL's Trainer in the middle, metrics, checkpoints and a model out. */
package ai.spattention.train.loop;
