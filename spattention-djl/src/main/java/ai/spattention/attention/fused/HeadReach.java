package ai.spattention.attention.fused;

/**
 * What of a head table decides which code computes it.
 *
 * @param general whether a head has a prefix or a stride
 * @param lone whether no head has more than one range of distances, and every position is a query
 * @param meanRange how many keys of a range of distances a query sees, on average over queries and ranges
 */
public record HeadReach(boolean general, boolean lone, double meanRange) {}
