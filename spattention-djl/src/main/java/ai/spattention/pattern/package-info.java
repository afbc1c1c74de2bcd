/**
 * Which keys a query of a head may see: plain integers, no DJL types. Begin at {@link ai.spattention.pattern.AttentionPattern}.
 *
 * <p>Letters used throughout: N = sequence length, H = number of query heads, h = head, i = query position, j = key
 * position, d = i - j = distance (never negative: all patterns are causal), L = layout length, the length from which the
 * heads' bands are computed. A <em>band</em> is a half-open range of distances, a <em>tile</em> a rectangle of queries × keys.
 */
package ai.spattention.pattern;
