/** Drawings of attention masks for people. Begin at {@link ai.spattention.train.mask.MaskImage}. */
package ai.spattention.train.mask;
