package ai.spattention.eval.score;

import java.io.IOException;
import java.util.Collections;
import java.util.List;

/** Answers requests. */
@FunctionalInterface
public interface Scorer {

    /** Gives every request the same score and asks no model: to see that all requests can be made before the first is answered. */
    Scorer UNASKED = (what, requests) -> Collections.nCopies(requests.size(), new Score(0, false));

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
