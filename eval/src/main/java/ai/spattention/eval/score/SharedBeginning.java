package ai.spattention.eval.score;

import java.util.Arrays;
import java.util.List;

/**
 * Requests that begin with the same tokens.
 *
 * @param members indices of the requests
 * @param length P, how many of the first input tokens are computed once for all members; the whole input of a single one
 * @param longestRest the tokens that the longest member has after the shared ones
 */
record SharedBeginning(List<Integer> members, int length, int longestRest) {

    static SharedBeginning of(List<TargetTokens> requests, List<Integer> members) {
        int[] first = requests.get(members.get(0)).input();
        int shared = first.length;
        int longest = 0;
        for (int member : members) {
            int[] input = requests.get(member).input();
            int differs = Arrays.mismatch(first, input);
            shared = differs < 0 ? shared : Math.min(shared, differs);
            longest = Math.max(longest, input.length);
        }
        return new SharedBeginning(List.copyOf(members), shared, longest - shared);
    }

    /** The same with fewer tokens shared. */
    SharedBeginning cut(int newLength) {
        return new SharedBeginning(members, newLength, longestRest + length - newLength);
    }

    /** The tokens of the longest member. */
    int longest() {
        return length + longestRest;
    }

    /** Tokens that need not be computed again. */
    long saved() {
        return (long) (members.size() - 1) * length;
    }
}
