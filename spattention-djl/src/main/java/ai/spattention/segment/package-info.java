/** Training passes cut into segments: parts with backward passes of their own, and parts that are computed again. */
package ai.spattention.segment;
