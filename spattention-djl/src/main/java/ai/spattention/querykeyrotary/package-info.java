/** Normalisation and rotation of queries and keys. Begin at {@link ai.spattention.querykeyrotary.QueryKeyRotarySteps}. */
package ai.spattention.querykeyrotary;
