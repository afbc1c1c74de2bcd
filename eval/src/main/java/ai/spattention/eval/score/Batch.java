package ai.spattention.eval.score;

import java.util.List;

/**
 * What goes through the model together.
 *
 * @param beginnings the longest first, all of one length if any member has tokens after them; the members' heads all see by the
 *     same masks
 * @param layoutLength N of a member: the length of the sequence at hand, for a model whose layout is that
 */
record Batch(List<SharedBeginning> beginnings, int layoutLength) {

    /** The requests in it, by their numbers. */
    List<Integer> members() {
        return beginnings.stream().flatMap(beginning -> beginning.members().stream()).toList();
    }

    /** Whether members have tokens after the shared ones. */
    boolean hasRests() {
        return beginnings.stream().anyMatch(beginning -> beginning.longestRest() > 0);
    }

    /** The tokens of the longest member. */
    int longest() {
        return beginnings.stream().mapToInt(SharedBeginning::longest).max().orElseThrow();
    }
}
