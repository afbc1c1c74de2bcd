/**
 * The state of a training run on disk: a folder a checkpoint, whole or absent, with a manifest of digests that is checked before anything is
 * believed. Begin at {@link ai.spattention.train.checkpoint.CheckpointStore}.
 */
package ai.spattention.train.checkpoint;
