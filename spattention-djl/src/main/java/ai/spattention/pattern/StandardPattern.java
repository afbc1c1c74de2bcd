package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The published patterns and the baselines that the paper's authors ran (arXiv 2511.09596), plus dense attention.
 *
 * <p>In the formulas w and s are the width and the start of the head's own band, {@link Band#ofHead}.
 */
public enum StandardPattern implements AttentionPattern {

    /** Dense causal attention: every key of the past. */
    CAUSAL {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            return everything();
        }
    },

    /** SPAttention as published: d &lt;= w or s &lt;= d &lt; s + w, a shared local window and the head's own band. */
    SP {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            Band own = Band.ofHead(head, numHeads, length);
            return HeadMask.ofBands(window(own.width()), own);
        }

        @Override
        long pairs(int numHeads, int layoutLength, int length) {
            return Math.addExact(LOCAL.pairs(numHeads, layoutLength, length), pairsBeyondLocal(numHeads, layoutLength, length));
        }
    },

    /** The pure partition: s &lt;= d &lt; s + w, every pair belongs to exactly one head. */
    EXCLUSIVE {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            return HeadMask.ofBands(Band.ofHead(head, numHeads, length));
        }

        @Override
        long pairs(int numHeads, int layoutLength, int length) {
            return HeadMask.ofBands(new Band(0, layoutLength)).allowedPairs(length); // the bands partition it
        }
    },

    /** The local window alone: d &lt;= w. */
    LOCAL {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            return HeadMask.ofBands(window(Band.ofHead(head, numHeads, length).width()));
        }

        @Override
        long pairs(int numHeads, int layoutLength, int length) {
            int wider = layoutLength % numHeads;
            long ofWider = mask(0, numHeads, layoutLength).allowedPairs(length);
            long ofOthers = mask(numHeads - 1, numHeads, layoutLength).allowedPairs(length);
            return Math.addExact(Math.multiplyExact(wider, ofWider), Math.multiplyExact(numHeads - wider, ofOthers));
        }
    },

    /**
     * A window as wide in all heads, d &lt;= W, of about as many pairs as {@link #SP} has: W is the smallest with at least as many
     * in a sequence as long as the layout. The control of what the bands are worth; {@link Window} sets W itself.
     */
    WINDOW {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            return HeadMask.ofBands(window(farthestOfEqualPairs(numHeads, length)));
        }

        private static int farthestOfEqualPairs(int numHeads, int length) {
            long pairs = pairsOfHeadOfSp(numHeads, length);
            int enough = length - 1; // all distances are: no pattern has more pairs
            int tooFew = -1;
            while (enough - tooFew > 1) {
                int farthest = tooFew + (enough - tooFew) / 2;
                if (HeadMask.ofBands(window(farthest)).allowedPairs(length) >= pairs) {
                    enough = farthest;
                } else {
                    tooFew = farthest;
                }
            }
            return enough;
        }

        /** The mean over all heads, rounded up; their sum may be more than a long holds. */
        private static long pairsOfHeadOfSp(int numHeads, int length) {
            long ofNarrowest = LOCAL.mask(numHeads - 1, numHeads, length).allowedPairs(length);
            long more = LOCAL.mask(0, numHeads, length).allowedPairs(length) - ofNarrowest;
            long beyond = length % numHeads * more + pairsBeyondLocal(numHeads, length, length);
            return ofNarrowest - Math.floorDiv(-beyond, (long) numHeads);
        }
    },

    /** The nearer half of the head's own band: s &lt;= d &lt; s + w div 2. */
    GAPPED {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            Band own = Band.ofHead(head, numHeads, length);
            return HeadMask.ofBands(new Band(own.minDistance(), own.minDistance() + own.width() / 2));
        }

        @Override
        long pairs(int numHeads, int layoutLength, int length) {
            int base = layoutLength / numHeads;
            int wider = layoutLength % numHeads;
            return nearerHalves(0, base + 1L, wider, length)
                    + nearerHalves(wider * (base + 1L), base, numHeads - wider, length);
        }

        /** The pairs of neighbouring bands of one width, the first of which begins at start. */
        private static long nearerHalves(long start, long width, long heads, long length) {
            long half = width / 2;
            if (half == 0 || start >= length) {
                return 0;
            }
            Progression starts = new Progression(start, width);
            long whole = Math.min(heads, starts.count(length - half + 1)); // the others are cut by the sequence's end
            long pairs = half * starts.sum(start + whole * width, length) - whole * (half * (half - 1) / 2);
            long left = whole < heads ? Math.max(0, length - (start + whole * width)) : 0;
            return pairs + left * (left + 1) / 2;
        }
    },

    /** A window of clamp(N div 4, 1, 256) and clamp(N div 32, 1, 16) global positions; N &lt;= 4: all. */
    LONGFORMER {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            if (length <= 4) {
                return everything();
            }
            return new HeadMask(List.of(window(windowOfLongformer(length))), clamp(length / 32, 1, 16), Stride.NONE);
        }
    },

    /**
     * A window of W = clamp(N div 8, 1, 128), clamp(N div 64, 1, 8) global positions, and the multiples of
     * max(16, N div 32) beyond W; N &lt;= 4: all.
     */
    BIGBIRD {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            if (length <= 4) {
                return everything();
            }
            return new HeadMask(List.of(window(clamp(length / 8, 1, 128))), clamp(length / 64, 1, 8),
                    new Stride(Math.max(16, length / 32), List.of(0)));
        }
    },

    /**
     * Hash buckets bucket(x) = (3 x + 13 h + 7) mod n with b = clamp(N div 8, 1, 64) and n = max(2, N div b): a query
     * sees keys in its own and the adjacent buckets (around the ring when n &gt; 2), and d &lt;= clamp(N div 4, 1, 8); N &lt;= 4:
     * all. The head's offset cancels in the difference of two buckets, 3 d mod n, so that this too is a rule on
     * distances.
     */
    REFORMER {
        @Override
        HeadMask mask(int head, int numHeads, int length) {
            if (length <= 4) {
                return everything();
            }
            int bucketSize = clamp(length / 8, 1, 64);
            int buckets = Math.max(2, length / bucketSize);
            if (buckets == 2) { // two buckets are always adjacent
                return everything();
            }
            SortedSet<Integer> residues = new TreeSet<>(); // those with 3 d mod n in {0, 1, n - 1}
            for (long multiple = 0; multiple <= 3L * buckets; multiple += buckets) {
                for (long apart = multiple - 1; apart <= multiple + 1; apart++) {
                    if (apart >= 0 && apart < 3L * buckets && apart % 3 == 0) {
                        residues.add((int) (apart / 3));
                    }
                }
            }
            return new HeadMask(List.of(window(clamp(length / 4, 1, 8))), 0, new Stride(buckets, List.copyOf(residues)));
        }
    };

    abstract HeadMask mask(int head, int numHeads, int length);

    /** The pairs of all heads, in closed form; all heads see the same unless a pattern says otherwise. */
    long pairs(int numHeads, int layoutLength, int length) {
        return Math.multiplyExact(numHeads, mask(0, numHeads, layoutLength).allowedPairs(length));
    }

    /** The pairs of {@link #SP} that {@link #LOCAL} has not. */
    private static long pairsBeyondLocal(int numHeads, int layoutLength, int length) {
        long shared = 0; // only in the first two heads do window and band meet
        for (int head = 0; head < Math.min(2, numHeads); head++) {
            for (StandardPattern part : List.of(LOCAL, EXCLUSIVE)) {
                shared += part.mask(head, numHeads, layoutLength).allowedPairs(length);
            }
            shared -= SP.mask(head, numHeads, layoutLength).allowedPairs(length);
        }
        return EXCLUSIVE.pairs(numHeads, layoutLength, length) - shared;
    }

    @Override
    public HeadMask headMask(int head, int numHeads, int layoutLength) {
        Require.headAndLayout(head, numHeads, layoutLength);
        return mask(head, numHeads, layoutLength);
    }

    @Override
    public long allowedPairs(int numHeads, int layoutLength, int length) {
        Require.headAndLayout(0, numHeads, layoutLength);
        try {
            return pairs(numHeads, layoutLength, length);
        } catch (ArithmeticException e) {
            throw Require.tooManyPairs(numHeads, length, e);
        }
    }

    @Override
    public String patternName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Finds a pattern by its name.
     *
     * @param name a pattern's name in lower case
     * @return the pattern
     * @throws InvalidInputException if no pattern has the name
     */
    public static StandardPattern of(String name) {
        for (StandardPattern pattern : values()) {
            if (pattern.patternName().equals(name)) {
                return pattern;
            }
        }
        throw new InvalidInputException("unknown attention pattern '" + name + "': choose one of " + names());
    }

    static boolean isNamed(String name) {
        return Arrays.stream(values()).anyMatch(each -> each.patternName().equals(name));
    }

    /**
     * The names of all patterns.
     *
     * @return the names, separated by commas
     */
    public static String names() {
        return Arrays.stream(values()).map(StandardPattern::patternName).collect(Collectors.joining(", "));
    }

    /** The distances 0 to {@code farthest}, both included: a window of {@code farthest} + 1 keys. */
    static Band window(int farthest) {
        return new Band(0, (int) Math.min(farthest + 1L, Integer.MAX_VALUE)); // no distance is larger
    }

    /** W of {@link #LONGFORMER}. */
    static int windowOfLongformer(int length) {
        return clamp(length / 4, 1, 256);
    }

    /** Dense attention: a query sees its whole past however long the sequence grows. */
    private static HeadMask everything() {
        return HeadMask.ofBands(new Band(0, Integer.MAX_VALUE));
    }

    private static int clamp(int value, int low, int high) {
        return Math.max(low, Math.min(high, value));
    }
}
