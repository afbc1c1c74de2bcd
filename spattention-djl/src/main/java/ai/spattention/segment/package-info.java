/**
 * Training passes cut into segments: parts with backward passes of their own, and parts that are computed again. Begin at {@link
 * ai.spattention.segment.SegmentedTrainer}.
 */
package ai.spattention.segment;
