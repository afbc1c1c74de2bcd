/** AdamW, learning-rate schedules and clipping by global norm, as DJL's Trainer uses them. Begin at {@link ai.spattention.train.optim.AdamW}. */
package ai.spattention.train.optim;
