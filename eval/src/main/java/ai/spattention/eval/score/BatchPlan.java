package ai.spattention.eval.score;

import ai.spattention.pattern.HeadMask;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;

/**
 * Sorts requests into batches such that each gets the same result as on its own. Sequences whose heads would see by different
 * masks (other lengths, where the layout is that of the sequence at hand) never meet. Within a batch shorter ones are filled up
 * at their end, which attention that looks back never sees. Beginnings that are read once for several requests are batched
 * with others of their exact length, for nothing can be filled up between them and what follows.
 */
final class BatchPlan {

    private final IntFunction<List<HeadMask>> masks;
    private final long batchTokens;
    private final long worthSharing;

    /**
     * Creates a plan.
     *
     * @param masks what a model's heads see in a sequence of a length
     * @param batchTokens the most tokens of a batch; a single question may have more
     * @param worthSharing how many tokens have to be saved for beginnings to be read apart, which takes a pass of its own;
     *     {@link Long#MAX_VALUE} to compute every request for itself
     */
    BatchPlan(IntFunction<List<HeadMask>> masks, long batchTokens, long worthSharing) {
        this.masks = masks;
        this.batchTokens = batchTokens;
        this.worthSharing = worthSharing;
    }

    List<Batch> of(List<TargetTokens> requests) {
        Map<Integer, List<HeadMask>> masksOfLength = new HashMap<>();
        Map<List<HeadMask>, List<Integer>> alike = new LinkedHashMap<>();
        for (int i = 0; i < requests.size(); i++) {
            List<HeadMask> own = masksOfLength.computeIfAbsent(requests.get(i).input().length, masks::apply);
            alike.computeIfAbsent(own, key -> new ArrayList<>()).add(i);
        }
        List<Batch> batches = new ArrayList<>();
        for (List<Integer> members : alike.values()) {
            List<SharedBeginning> whole = new ArrayList<>();
            Map<Integer, List<SharedBeginning>> byLength = new TreeMap<>();
            for (List<Integer> question : questions(requests, members)) {
                SharedBeginning beginning = SharedBeginning.of(requests, question);
                if (beginning.longestRest() == 0) {
                    whole.add(beginning);
                } else {
                    byLength.computeIfAbsent(beginning.length(), key -> new ArrayList<>()).add(beginning);
                }
            }
            byLength.values().removeIf(same -> {
                boolean apart = same.stream().mapToLong(SharedBeginning::saved).sum() < worthSharing;
                if (apart) {
                    same.forEach(each -> each.members().forEach(one -> whole.add(SharedBeginning.of(requests, List.of(one)))));
                }
                return apart;
            });
            whole.sort(Comparator.comparingInt(SharedBeginning::length).reversed());
            pack(requests, whole, batches);
            for (List<SharedBeginning> same : byLength.values()) {
                same.sort(Comparator.comparingInt(SharedBeginning::longestRest).reversed());
                pack(requests, same, batches);
            }
        }
        // the longest first: what does not fit in memory shows at once, and the time left is not underestimated
        batches.sort(Comparator.comparingInt((Batch batch) -> batch.beginnings().get(0).length()
                + batch.beginnings().get(0).longestRest()).reversed());
        return batches;
    }

    private Collection<List<Integer>> questions(List<TargetTokens> requests, List<Integer> members) {
        if (worthSharing == Long.MAX_VALUE) {
            return members.stream().map(List::of).toList();
        }
        Map<Long, List<Integer>> questions = new LinkedHashMap<>();
        members.forEach(each -> questions.computeIfAbsent(requests.get(each).group(), key -> new ArrayList<>()).add(each));
        return questions.values();
    }

    /** Beginnings come with the longest first, so that the first of a batch tells how long all become. */
    private void pack(List<TargetTokens> requests, List<SharedBeginning> beginnings, List<Batch> batches) {
        List<SharedBeginning> batch = new ArrayList<>();
        long rows = 0;
        for (SharedBeginning each : beginnings) {
            int length = batch.isEmpty() ? 0 : batch.get(0).length() + batch.get(0).longestRest();
            int more = each.longestRest() == 0 ? 1 : each.members().size();
            if (!batch.isEmpty() && (rows + more) * length > batchTokens) {
                batches.add(close(requests, batch));
                batch = new ArrayList<>();
                rows = 0;
            }
            batch.add(each);
            rows += more;
        }
        if (!batch.isEmpty()) {
            batches.add(close(requests, batch));
        }
    }

    private static Batch close(List<TargetTokens> requests, List<SharedBeginning> beginnings) {
        return new Batch(List.copyOf(beginnings), requests.get(beginnings.get(0).members().get(0)).input().length);
    }
}
