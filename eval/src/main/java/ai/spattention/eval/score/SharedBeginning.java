package ai.spattention.eval.score;

import java.util.Arrays;
import java.util.List;

/**
 * Requests that begin with the same tokens.
 *
 * @param members indices of the requests
 * @param length P, how many of the first input tokens are computed once for all members; the whole input of a single one
 * @param firstPosition the first position of the shared ones whose prediction is a target of a member; P if there is none
 * @param longestRest the tokens that the longest member has after the shared ones
 */
record SharedBeginning(List<Integer> members, int length, int firstPosition, int longestRest) {

    static SharedBeginning of(List<TargetTokens> requests, List<Integer> members) {
        int[] first = requests.get(members.get(0)).input();
        int shared = first.length;
        int longest = 0;
        int position = Integer.MAX_VALUE;
        for (int member : members) {
            TargetTokens request = requests.get(member);
            int differs = Arrays.mismatch(first, request.input());
            shared = differs < 0 ? shared : Math.min(shared, differs);
            longest = Math.max(longest, request.input().length);
            position = Math.min(position, request.firstPosition());
        }
        return new SharedBeginning(List.copyOf(members), shared, Math.min(position, shared), longest - shared);
    }

    /** Tokens that need not be computed again. */
    long saved() {
        return (long) (members.size() - 1) * length;
    }
}
