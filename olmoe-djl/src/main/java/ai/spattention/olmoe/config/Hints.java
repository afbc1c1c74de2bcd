package ai.spattention.olmoe.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Finds what a person probably meant. */
public final class Hints {

    private Hints() {}

    /**
     * The name that was probably meant.
     *
     * @param word what was written
     * @param candidates the names that there are
     * @return the one with the fewest edits between it and the word, if these are few for the word's length
     */
    public static Optional<String> nearest(String word, Collection<String> candidates) {
        int most = Math.min(4, Math.max(1, word.length() / 3));
        LevenshteinDistance distance = new LevenshteinDistance(most);
        return candidates.stream()
                .filter(candidate -> distance.apply(word, candidate) >= 0)
                .min(Comparator.comparingInt(candidate -> distance.apply(word, candidate)));
    }
}
