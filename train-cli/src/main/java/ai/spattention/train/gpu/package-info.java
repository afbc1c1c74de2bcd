/** What is known of the GPU that a run computes on. */
package ai.spattention.train.gpu;
