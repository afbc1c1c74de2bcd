package ai.spattention.eval.score;

import java.io.IOException;
import java.util.List;

/** Answers requests. */
@FunctionalInterface
public interface Scorer {

    /**
     * Scores requests.
     *
     * @param what what they belong to, for people
     * @param requests the requests
     * @return as many scores, in the requests' order
     * @throws IOException if what was computed cannot be kept
     */
    List<Score> score(String what, List<TargetTokens> requests) throws IOException;
}
