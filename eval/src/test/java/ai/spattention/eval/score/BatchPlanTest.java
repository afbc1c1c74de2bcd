package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.kernel.AttentionLayout;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BatchPlanTest {

    private static IntFunction<List<HeadMask>> masks(StandardPattern pattern, LayoutLength layout) {
        return length -> new AttentionLayout(pattern, layout).headMasks(4, length);
    }

    @Property(tries = 100)
    void everyRequestIsInOneBatchAmongItsEquals(@ForAll @IntRange(min = 1, max = 60) int questions, @ForAll int seed,
            @ForAll @IntRange(min = 1, max = 2000) int batchTokens, @ForAll boolean share, @ForAll StandardPattern pattern,
            @ForAll boolean fixed) {
        List<TargetTokens> requests = SmallModel.questions(questions, seed);
        IntFunction<List<HeadMask>> masks = masks(pattern, fixed ? LayoutLength.of(64) : LayoutLength.SEQUENCE);
        List<Batch> batches = new BatchPlan(masks, batchTokens, share ? 20 : Long.MAX_VALUE).of(requests);
        List<Integer> members = batches.stream().flatMap(batch -> batch.beginnings().stream())
                .flatMap(beginning -> beginning.members().stream()).sorted().toList();
        assertEquals(IntStream.range(0, requests.size()).boxed().toList(), members);
        for (Batch batch : batches) {
            List<HeadMask> seen = masks.apply(batch.layoutLength());
            int longest = 0;
            int rows = 0;
            for (SharedBeginning beginning : batch.beginnings()) {
                assertTrue(!batch.hasRests() || beginning.length() == batch.beginnings().get(0).length());
                for (int member : beginning.members()) {
                    assertEquals(seen, masks.apply(requests.get(member).input().length));
                    longest = Math.max(longest, requests.get(member).input().length);
                }
                rows += beginning.longestRest() == 0 ? 1 : beginning.members().size();
            }
            assertTrue(batch.beginnings().size() == 1 || rows * longest <= batchTokens);
        }
    }

    @Test
    void aSharedBeginningIsReadOnce() {
        List<TargetTokens> requests = List.of(new TargetTokens(7, new int[] {1, 2, 3, 4}, new int[] {4, 9}),
                new TargetTokens(7, new int[] {1, 2, 3, 5, 6}, new int[] {5, 6, 8}),
                new TargetTokens(8, new int[] {1, 2}, new int[] {3}), new TargetTokens(8, new int[] {1, 2}, new int[] {4}));
        IntFunction<List<HeadMask>> masks = masks(StandardPattern.CAUSAL, LayoutLength.SEQUENCE);
        List<Batch> shared = new BatchPlan(masks, 1000, 1).of(requests);
        assertEquals(List.of(new Batch(List.of(new SharedBeginning(List.of(0, 1), 3, 2, 2)), 4),
                new Batch(List.of(new SharedBeginning(List.of(2, 3), 2, 1, 0)), 2)), shared);
        // three tokens saved do not pay for a pass; equal inputs are one in any case
        assertEquals(3, new BatchPlan(masks, 1000, 4).of(requests).stream().mapToInt(batch -> batch.beginnings().size()).sum());
        assertEquals(4, new BatchPlan(masks, 1000, Long.MAX_VALUE).of(requests).stream()
                .mapToInt(batch -> batch.beginnings().size()).sum());
    }
}
