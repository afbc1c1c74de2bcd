/**
 * Several processes that train one model: who they are, how they find each other, and what they compute together. It knows nothing of the
 * model. Begin with {@link ai.spattention.train.distributed.Collectives}, which {@link ai.spattention.train.distributed.Workers} opens.
 */
package ai.spattention.train.distributed;
