package ai.spattention.eval.score;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Sorts requests into batches such that each gets the same result as on its own. Sequences whose heads would see by different
 * rules (other lengths, where the layout is that of the sequence at hand) never meet. Within a batch shorter ones are filled up
 * at their end, which attention that looks back never sees.
 *
 * <p>What the requests of a question share is read in a pass of its own, where that saves more tokens than a pass costs. Nothing
 * can be filled up between a beginning and what follows, so that in such a batch all beginnings have the length of the shortest;
 * the others give their last tokens to what follows, as long as that costs less than another pass.
 */
final class BatchPlan {

    private final IntFunction<?> sight;
    private final long batchTokens;
    private final long passTokens;

    /**
     * Creates a plan.
     *
     * @param sight by what rules a model's heads see in a sequence of a length: equal where the rules are
     * @param batchTokens the most tokens of a batch; a single question may have more
     * @param passTokens the number of tokens that take as long as a pass through the model takes in any case; {@link
     *     Long#MAX_VALUE} to compute every request for itself
     */
    BatchPlan(IntFunction<?> sight, long batchTokens, long passTokens) {
        this.sight = sight;
        this.batchTokens = batchTokens;
        this.passTokens = passTokens;
    }

    List<Batch> of(List<TargetTokens> requests) {
        List<Batch> batches = new ArrayList<>();
        for (List<Integer> members : alike(requests)) {
            List<SharedBeginning> whole = new ArrayList<>();
            List<SharedBeginning> parts = new ArrayList<>();
            for (List<Integer> question : questions(requests, members)) {
                SharedBeginning beginning = SharedBeginning.of(requests, question);
                (beginning.longestRest() == 0 ? whole : parts).add(beginning);
            }
            int layoutLength = requests.get(members.get(0)).input().length;
            for (List<SharedBeginning> together : together(parts)) {
                if (together.stream().mapToLong(SharedBeginning::saved).sum() >= passTokens) {
                    batches.add(new Batch(together, layoutLength));
                } else {
                    together.forEach(beginning -> beginning.members()
                            .forEach(member -> whole.add(SharedBeginning.of(requests, List.of(member)))));
                }
            }
            together(whole).forEach(together -> batches.add(new Batch(together, layoutLength)));
        }
        // the longest first: what does not fit in memory shows at once, and the time left is not underestimated
        batches.sort(Comparator.comparingInt(Batch::longest).reversed());
        return batches;
    }

    /** Requests whose heads see by the same rules. */
    private Collection<List<Integer>> alike(List<TargetTokens> requests) {
        Map<Integer, Object> sightOfLength = new HashMap<>();
        Map<Object, List<Integer>> alike = new LinkedHashMap<>();
        for (int i = 0; i < requests.size(); i++) {
            Object own = sightOfLength.computeIfAbsent(requests.get(i).input().length, sight::apply);
            alike.computeIfAbsent(own, key -> new ArrayList<>()).add(i);
        }
        return alike.values();
    }

    private Collection<List<Integer>> questions(List<TargetTokens> requests, List<Integer> members) {
        if (passTokens == Long.MAX_VALUE) {
            return members.stream().map(List::of).toList();
        }
        Map<Long, List<Integer>> questions = new LinkedHashMap<>();
        members.forEach(each -> questions.computeIfAbsent(requests.get(each).group(), key -> new ArrayList<>()).add(each));
        return questions.values();
    }

    private List<List<SharedBeginning>> together(List<SharedBeginning> beginnings) {
        List<List<SharedBeginning>> all = new ArrayList<>();
        List<SharedBeginning> some = new ArrayList<>();
        long rows = 0;
        int longest = 0;
        long saved = 0;
        for (SharedBeginning each : beginnings.stream()
                .sorted(Comparator.comparingInt(SharedBeginning::length).reversed()).toList()) {
            int more = each.longestRest() == 0 ? 1 : each.members().size();
            boolean tooMany = (rows + more) * Math.max(longest, each.longest()) > batchTokens;
            long kept = some.stream().mapToLong(one -> one.cut(Math.min(one.length(), each.length())).saved()).sum();
            if (!some.isEmpty() && (tooMany || each.longestRest() > 0 && saved - kept >= passTokens)) {
                all.add(level(some));
                some = new ArrayList<>();
                rows = 0;
                longest = 0;
                saved = 0;
            }
            some.add(each);
            rows += more;
            longest = Math.max(longest, each.longest());
            saved += each.saved();
        }
        if (!some.isEmpty()) {
            all.add(level(some));
        }
        return all;
    }

    /** Cuts what is followed by something to one length; the last is the shortest. */
    private static List<SharedBeginning> level(List<SharedBeginning> some) {
        int shortest = some.get(some.size() - 1).length();
        return some.stream().map(each -> each.longestRest() == 0 ? each : each.cut(shortest)).toList();
    }
}
