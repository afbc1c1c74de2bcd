/** Routers of experts, and the order of the experts' rows. Begin at {@link ai.spattention.router.RouterSteps}. */
package ai.spattention.router;
