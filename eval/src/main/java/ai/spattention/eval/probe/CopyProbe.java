package ai.spattention.eval.probe;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Bin;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a second copy of random tokens gains on the first. A sequence has N + 1 tokens: held-out text without ends of documents, and in it
 * twice the same T random tokens, all different; the second copy ends the sequence. At distance d the first copy begins d + 1 tokens
 * earlier, so that attention, at the token before the one that is to be predicted, finds the answer at distance d. All distances share a
 * sequence's text and random tokens. The whole sequence is one document.
 */
final class CopyProbe {

    private final ProbeSettings settings;
    private final int length;
    private final List<Integer> distances;

    /**
     * Creates the probe.
     *
     * @param settings the copies
     * @param length N
     * @throws InvalidInputException if no distance fits
     */
    CopyProbe(ProbeSettings settings, int length) {
        this.settings = settings;
        this.length = length;
        distances = settings.copyDistances().stream().filter(distance -> distance + settings.copyTokens() <= length).toList();
        if (distances.isEmpty()) {
            throw new InvalidInputException("the probe copy needs a window of at least "
                    + (settings.copyDistances().get(0) + settings.copyTokens()) + " tokens: a copy of " + settings.copyTokens()
                    + " and the shortest distance, " + settings.copyDistances().get(0) + " (got " + length + "): choose smaller"
                    + " copy.tokens and copy.distances, or leave the probe out");
        }
    }

    /** Sequences that there will be. */
    long sequences() {
        return (long) distances.size() * settings.copySequences();
    }

    /** The tokens that copies are made of. */
    static int[] alphabet(ProbeSettings settings, TrainingCounts counts, int eosId) {
        int[] alphabet = counts.commonest(settings.copyCommonest(), eosId);
        if (alphabet.length < settings.copyTokens()) {
            throw new InvalidInputException("the probe copy takes " + settings.copyTokens() + " different tokens, the training data has "
                    + alphabet.length + ": choose smaller copy.tokens, or leave the probe out");
        }
        return alphabet;
    }

    /** For each distance, nats of the first copy minus nats of the second, token by token from the second one on. */
    List<Bin> run(ProbePass pass, HeldOutText text, int[] alphabet) throws IOException {
        SplittableRandom random = new SplittableRandom(settings.copySeed());
        Filler filler = new Filler(text, length);
        BinSums sums = new BinSums(distances.stream().map(BinSums.Range::at).toList());
        for (int sequence = 0; sequence < settings.copySequences(); sequence++) {
            long[] copy = draw(random, alphabet);
            long[] around = filler.next(length + 1 - 2 * copy.length);
            List<TokenWindow> windows = new ArrayList<>();
            for (int distance : distances) {
                int first = length + 1 - copy.length - distance - 1;
                windows.add(TokenWindow.of(sequence(around, copy, first)).only(scored(first), scored(length + 1 - copy.length)));
            }
            List<float[]> losses = pass.losses(windows);
            for (int bin = 0; bin < distances.size(); bin++) {
                int first = length + 1 - copy.length - distances.get(bin) - 1;
                for (int token = 1; token < copy.length; token++) {
                    sums.add(bin, (double) losses.get(bin)[first + token - 1] - losses.get(bin)[length - copy.length + token]);
                }
            }
            sums.endWindow();
        }
        return sums.bins();
    }

    /** The positions that predict a copy's tokens but the first; the copy begins at token {@code start}. */
    private int[] scored(int start) {
        return new int[] {start, start + settings.copyTokens() - 1};
    }

    private static long[] sequence(long[] around, long[] copy, int first) {
        long[] ids = new long[around.length + 2 * copy.length];
        System.arraycopy(around, 0, ids, 0, first);
        System.arraycopy(copy, 0, ids, first, copy.length);
        System.arraycopy(around, first, ids, first + copy.length, around.length - first);
        System.arraycopy(copy, 0, ids, ids.length - copy.length, copy.length);
        return ids;
    }

    /** Different tokens, by the first steps of a shuffle. */
    private long[] draw(SplittableRandom random, int[] alphabet) {
        int[] left = alphabet.clone();
        long[] copy = new long[settings.copyTokens()];
        for (int i = 0; i < copy.length; i++) {
            int other = random.nextInt(i, left.length);
            copy[i] = left[other];
            left[other] = left[i];
        }
        return copy;
    }

    /** Held-out text, from its start on and again when it is used up. */
    private static final class Filler {

        private final HeldOutText text;
        private final int length;
        private long window;
        private long[] rest = {};

        Filler(HeldOutText text, int length) {
            this.text = text;
            this.length = length;
        }

        long[] next(int count) throws IOException {
            long[] found = Arrays.copyOf(rest, Math.min(rest.length, count));
            rest = Arrays.copyOfRange(rest, found.length, rest.length);
            for (long empty = 0; found.length < count;) {
                long[] more = Arrays.stream(text.window(window++ % text.count(length), length).inputs())
                        .filter(id -> id != text.eosId()).toArray();
                empty = more.length == 0 ? empty + 1 : 0;
                if (empty == text.count(length)) {
                    throw new InvalidInputException(text.name() + " has nothing but ends of documents");
                }
                int taken = Math.min(more.length, count - found.length);
                found = Arrays.copyOf(found, found.length + taken);
                System.arraycopy(more, 0, found, found.length - taken, taken);
                rest = Arrays.copyOfRange(more, taken, more.length);
            }
            return found;
        }
    }
}
