/** Drawings of attention masks for people. */
package ai.spattention.train.mask;
