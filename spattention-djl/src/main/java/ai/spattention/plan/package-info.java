/**
 * Computations as lists of launches: operations are written against {@link ai.spattention.plan.Launches}, and become part of a plan whose
 * every address is known before anything runs ({@link ai.spattention.plan.PlanBuilder}), or run at once on DJL's arrays ({@link
 * ai.spattention.plan.ArrayLaunches}). Nothing here knows what the steps compute.
 * Begin at {@link ai.spattention.plan.PlanBuilder}.
 */
package ai.spattention.plan;
