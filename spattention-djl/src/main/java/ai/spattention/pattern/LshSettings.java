package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;

/**
 * Attention by locality-sensitive hashing, as Reformer has it (arXiv 2001.04451, section 2 and appendix A), causal.
 *
 * <p>Queries and keys are one vector x a token, the key scaled to unit length: the score of i and j is x_i · x_j / |x_j| / √D. In each of R
 * rounds, with a matrix M of random numbers from a normal distribution, [D, n / 2], x falls into the bucket argmax [x M; -x M] of n = 2 ⌈L / m⌉,
 * L the layout length and m the chunk length; n = 1 where L &lt;= m. The tokens of a bucket, in their order, are cut into chunks of m. A
 * token attends to those before it, of its bucket, in its own chunk and the one before; in several rounds to the union of these sets
 * (each round's softmax weighted by its sum, a pair found in several rounds counted once); and to itself only if it has nothing else.
 *
 * <p>Chunks are counted from the beginning of each bucket, not, as in Reformer's code, through all buckets one after the other: there the
 * borders of an earlier token's chunk move with the buckets of later tokens, so that what it sees depends on what follows it. Here no
 * token depends on later ones. Where documents share a sequence, each has buckets of its own.
 *
 * <p>What is seen depends on the tokens: there is no mask, and kernels that need one refuse. The names are {@code lsh}, {@code lsh:ROUNDS},
 * {@code lsh:ROUNDS:CHUNK} and {@code lsh:ROUNDS:CHUNK:SEED}.
 *
 * @param rounds R, at least 1; by default 4
 * @param chunkLength m, at least 1; by default 64
 * @param seed of the random matrices, the same in all layers and heads; by default 0
 */
public record LshSettings(int rounds, int chunkLength, long seed) implements AttentionPattern {

    static final String NAME = "lsh";

    private static final int DEFAULT_ROUNDS = 4;
    private static final int DEFAULT_CHUNK_LENGTH = 64;
    private static final int MOST_ROUNDS = 64;

    /** Checks the numbers. */
    public LshSettings {
        if (rounds < 1 || rounds > MOST_ROUNDS) {
            throw new InvalidInputException("lsh attention hashes in 1 to " + MOST_ROUNDS + " rounds (got " + rounds + ")");
        }
        if (chunkLength < 1) {
            throw new InvalidInputException("a chunk of lsh attention must have a length of at least 1 (got " + chunkLength + ")");
        }
    }

    /** Settings with the defaults. */
    public LshSettings() {
        this(DEFAULT_ROUNDS);
    }

    /**
     * Settings with the defaults but for the rounds.
     *
     * @param rounds R, at least 1
     */
    public LshSettings(int rounds) {
        this(rounds, DEFAULT_CHUNK_LENGTH, 0);
    }

    /** The settings of a name of theirs. */
    static LshSettings named(String name) {
        String[] settings = name.split(":", -1);
        try {
            if (settings.length > 4) {
                throw new NumberFormatException(name);
            }
            return new LshSettings(settings.length > 1 ? Integer.parseInt(settings[1]) : DEFAULT_ROUNDS,
                    settings.length > 2 ? Integer.parseInt(settings[2]) : DEFAULT_CHUNK_LENGTH,
                    settings.length > 3 ? Long.parseLong(settings[3]) : 0);
        } catch (NumberFormatException e) {
            throw new InvalidInputException("lsh attention is written lsh, lsh:ROUNDS, lsh:ROUNDS:CHUNK or lsh:ROUNDS:CHUNK:SEED, with"
                    + " whole numbers (got '" + name + "')", e);
        }
    }

    @Override
    public String patternName() {
        if (seed != 0) {
            return NAME + ":" + rounds + ":" + chunkLength + ":" + seed;
        }
        if (chunkLength != DEFAULT_CHUNK_LENGTH) {
            return NAME + ":" + rounds + ":" + chunkLength;
        }
        return rounds == DEFAULT_ROUNDS ? NAME : NAME + ":" + rounds;
    }

    /**
     * The number of buckets.
     *
     * @param layoutLength L, at least 1
     * @return n
     */
    public int buckets(int layoutLength) {
        return layoutLength <= chunkLength ? 1 : Math.multiplyExact(2, (layoutLength - 1) / chunkLength + 1);
    }

    @Override
    public boolean dependsOnData() {
        return true;
    }

    /** Always refused: see {@link #dependsOnData}. */
    @Override
    public HeadMask headMask(int head, int numHeads, int layoutLength) {
        throw new InvalidInputException("attention by the pattern '" + patternName() + "' depends on the tokens and has no mask, to be shown"
                + " or computed by: SpAttentionBlock computes it by hashing");
    }

    /**
     * The pairs by definition, whatever the tokens: in each round a query meets the 2 m keys of two chunks, half of which are earlier, so
     * R N m a head, and no more than R N (N + 1) / 2.
     */
    @Override
    public long allowedPairs(int numHeads, int layoutLength, int length) {
        Require.headAndLayout(0, numHeads, layoutLength);
        long tokens = Math.max(0, length);
        try {
            long ofRound = Math.min(tokens * (tokens + 1) / 2, tokens * chunkLength);
            return Math.multiplyExact(numHeads, Math.multiplyExact(rounds, ofRound));
        } catch (ArithmeticException e) {
            throw Require.tooManyPairs(numHeads, length, e);
        }
    }
}
