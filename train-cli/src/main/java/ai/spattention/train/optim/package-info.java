/** AdamW, learning-rate schedules and clipping by global norm, as DJL's Trainer uses them. */
package ai.spattention.train.optim;
