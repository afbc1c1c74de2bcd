/**
 * Normalisation and rotation of queries and keys in a plan. Begin at {@link
 * ai.spattention.querykeyrotary.QueryKeyRotarySteps}.
 */
package ai.spattention.querykeyrotary;
