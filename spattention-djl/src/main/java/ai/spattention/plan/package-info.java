/**
 * Computations as lists of launches on addresses that are known before anything runs: what a training pass on a GPU is made of.
 * Begin at {@link ai.spattention.plan.PlanBuilder}; it knows nothing of what the steps compute.
 */
package ai.spattention.plan;
