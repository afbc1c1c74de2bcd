package ai.spattention.attention.fused;

/**
 * What of a head table decides which code computes it.
 *
 * @param general whether a head has a prefix or a stride
 * @param meanRange how many keys of a range of distances a query sees, on average over queries and ranges
 */
public record HeadReach(boolean general, double meanRange) {}
