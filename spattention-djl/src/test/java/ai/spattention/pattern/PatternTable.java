package ai.spattention.pattern;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The patterns pair by pair, straight from their definitions: N tokens (or the layout length), H heads, head h with a band
 * of width w and start s, query i, key j, distance d = i - j. Slow and plain, to compare with.
 */
final class PatternTable {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private static final Map<List<Integer>, Integer> WINDOWS = new HashMap<>();

    private PatternTable() {}

    static boolean sees(String pattern, int n, int heads, int h, int i, int j) {
        int d = i - j;
        if (d < 0) {
            return false;
        }
        int base = n / heads;
        int extra = n % heads;
        int w = base + (h < extra ? 1 : 0);
        int s = h * base + Math.min(h, extra);
        return switch (pattern) {
            case "causal" -> true;
            case "sp" -> d <= w || (s <= d && d < s + w);
            case "exclusive" -> s <= d && d < s + w;
            case "local" -> d <= w;
            case "window" -> d <= WINDOWS.computeIfAbsent(List.of(n, heads), key -> windowOfEqualPairs(n, heads));
            case "gapped" -> s <= d && d < s + w / 2;
            case "longformer" -> n <= 4 || longformer(n, d, i, j);
            case "bigbird" -> n <= 4 || bigbird(n, d, i, j);
            case "longformer-dilated" -> longformerDilated(n, heads, h, d, 2);
            case "longformer-dilated:5" -> longformerDilated(n, heads, h, d, 5);
            case "bigbird-random" -> bigbirdRandom(n, h, i, j, 0);
            case "bigbird-random:-77" -> bigbirdRandom(n, h, i, j, -77);
            case "reformer" -> n <= 4 || reformer(n, h, d, i, j);
            default -> throw new IllegalArgumentException(pattern);
        };
    }

    /** The smallest window, the same in all heads, with at least as many pairs as sp. */
    private static int windowOfEqualPairs(int n, int heads) {
        long pairs = 0;
        for (int head = 0; head < heads; head++) {
            for (int distance = 0; distance < n; distance++) {
                pairs += sees("sp", n, heads, head, distance, 0) ? n - distance : 0;
            }
        }
        int window = -1;
        for (long ofWindow = 0; ofWindow < pairs; ofWindow += (long) heads * (n - window)) {
            window++;
        }
        return window;
    }

    private static boolean longformer(int n, int d, int i, int j) {
        int w = clamp(n / 4, 1, 256);
        int g = clamp(n / 32, 1, 16);
        return d <= w || i < g || j < g;
    }

    private static boolean longformerDilated(int n, int heads, int h, int d, int dilation) {
        int w = clamp(n / 4, 1, 256);
        boolean dilated = h >= heads - 2 && heads - h <= heads / 2;
        return dilated ? d % dilation == 0 && d / dilation <= w : d <= w;
    }

    private static boolean bigbirdRandom(int n, int h, int i, int j, long seed) {
        int b = clamp(n / 32, 1, 64);
        return i / b - j / b <= 1 || j / b < 2 || draw(mix(seed + GOLDEN * (h + 1)), i / b, 2, i / b - 2, 3).contains(j / b);
    }

    /** Blocks of keys by their definition. */
    static boolean seesBlock(KeyBlocks blocks, int i, int j) {
        int query = i / blocks.size();
        int key = j / blocks.size();
        return query - key < blocks.nearest()
                || draw(blocks.seed(), query, blocks.first(), query - Math.max(blocks.nearest(), 1), blocks.random()).contains(key);
    }

    /** Floyd's draw of r of the numbers from first to last, all if they are fewer. */
    private static Set<Integer> draw(long seed, int queryBlock, int first, int last, int r) {
        Set<Integer> drawn = new HashSet<>();
        int c = last - first + 1;
        for (int block = first; c <= r && block <= last; block++) {
            drawn.add(block);
        }
        for (int t = 1; c > r && t <= r; t++) {
            int m = c - r + t;
            int number = (int) Math.floorMod(mix(mix(seed + GOLDEN * (queryBlock + 1)) + GOLDEN * t), (long) m);
            if (!drawn.add(first + number)) {
                drawn.add(first + m - 1);
            }
        }
        return drawn;
    }

    /** The first number of SplitMix64 started at z - GOLDEN, by Java's own. */
    private static long mix(long z) {
        return new SplittableRandom(z - GOLDEN).nextLong();
    }

    private static boolean bigbird(int n, int d, int i, int j) {
        int w = clamp(n / 8, 1, 128);
        int g = clamp(n / 64, 1, 8);
        int s = Math.max(16, n / 32);
        return d <= w || i < g || j < g || (d % s == 0 && d > w);
    }

    private static boolean reformer(int n, int h, int d, int i, int j) {
        int b = clamp(n / 8, 1, 64);
        int buckets = Math.max(2, n / b);
        int o = 13 * h + 7;
        int apart = Math.abs((3 * i + o) % buckets - (3 * j + o) % buckets);
        boolean acrossTheRing = buckets > 2 && apart == buckets - 1;
        return apart <= 1 || acrossTheRing || d <= clamp(n / 4, 1, 8);
    }

    private static int clamp(int value, int low, int high) {
        return value < low ? low : value > high ? high : value;
    }
}
