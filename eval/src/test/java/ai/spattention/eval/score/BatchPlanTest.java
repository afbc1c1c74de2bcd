package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.attention.AttentionLayout;
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

    private static final List<TargetTokens> TWO_QUESTIONS = List.of(
            new TargetTokens(7, new int[] {1, 2, 3, 4}, new int[] {4, 9}),
            new TargetTokens(7, new int[] {1, 2, 3, 5, 6}, new int[] {5, 6, 8}),
            new TargetTokens(8, new int[] {1, 2}, new int[] {3}), new TargetTokens(8, new int[] {1, 2}, new int[] {4}));

    private static List<Batch> causal(long passTokens, List<TargetTokens> requests) {
        return new BatchPlan(masks(StandardPattern.CAUSAL, LayoutLength.SEQUENCE), 1000, passTokens).of(requests);
    }

    @Test
    void aSharedBeginningIsReadOnce() {
        assertEquals(List.of(List.of(new SharedBeginning(List.of(0, 1), 3, 2)), List.of(new SharedBeginning(List.of(2, 3), 2, 0))),
                causal(3, TWO_QUESTIONS).stream().map(Batch::beginnings).toList());
    }

    @Test
    void whatSavesLessThanAPassCostsIsNotReadApart() {
        List<SharedBeginning> one = causal(4, TWO_QUESTIONS).get(0).beginnings();
        assertEquals(List.of(5, 4, 2), one.stream().map(SharedBeginning::length).toList()); // equal inputs are one in any case
        assertEquals(4, causal(Long.MAX_VALUE, TWO_QUESTIONS).get(0).beginnings().size());
    }

    @Test
    void beginningsOfAboutOneLengthGoTogether() {
        List<TargetTokens> requests = List.of(new TargetTokens(0, new int[] {1, 2, 3, 4, 8}, new int[] {0}),
                new TargetTokens(0, new int[] {1, 2, 3, 4, 9}, new int[] {0}),
                new TargetTokens(1, new int[] {1, 2, 3, 8}, new int[] {0}), new TargetTokens(1, new int[] {1, 2, 3, 9}, new int[] {0}));
        assertEquals(List.of(new SharedBeginning(List.of(0, 1), 3, 2), new SharedBeginning(List.of(2, 3), 3, 1)),
                causal(2, requests).get(0).beginnings());
        assertEquals(2, causal(1, requests).size()); // the token that is given up is worth a pass
    }
}
