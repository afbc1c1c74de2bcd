package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class WindowPlanTest {

    /** Through the packed rows and the window, every head sees the pairs of its mask and no others. */
    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void thePackedPairsAreThoseOfTheMasks(@ForAll @IntRange(min = 1, max = 40) int length,
            @ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 3) int numKvHeads,
            @ForAll @IntRange(min = 1, max = 3) int sharing, @ForAll StandardPattern pattern) {
        if (pattern == StandardPattern.SP || pattern.ordinal() > StandardPattern.GAPPED.ordinal()) {
            return; // more than one band
        }
        int numHeads = numKvHeads * sharing;
        List<HeadMask> masks = new ArrayList<>();
        for (int head = 0; head < numHeads; head++) {
            masks.add(pattern.headMask(head, numHeads, length));
        }
        boolean[][][][] seen = seen(WindowPlan.of(masks, batch, numKvHeads, length));
        for (int head = 0; head < numHeads; head++) {
            for (int query = 0; query < length; query++) {
                for (int key = 0; key < length; key++) {
                    for (int row = 0; row < batch; row++) {
                        assertEquals(masks.get(head).sees(query, key), seen[row][head][query][key],
                                pattern + " head " + head + " query " + query + " key " + key);
                    }
                }
            }
        }
    }

    /** The pairs that a plan computes, by row of the batch, head, query and key; fails if its rows do not belong together. */
    private static boolean[][][][] seen(WindowPlan plan) {
        int length = plan.length();
        int numHeads = plan.numHeads();
        int numKvHeads = plan.numKvHeads();
        boolean[][][][] seen = new boolean[plan.batch()][numHeads][length][length];
        for (WindowPlan.Group group : plan.groups()) {
            long[] queries = plan.queryRows(group);
            long[] keys = plan.keyRows(group);
            long[] gradients = plan.keyGradientRows(group);
            int[] ends = plan.sequenceEnds(group);
            for (int sequence = 0; sequence + 1 < ends.length; sequence++) {
                for (int i = ends[sequence]; i < ends[sequence + 1]; i++) {
                    for (int j = Math.max(ends[sequence], i - group.width() + 1); j <= i; j++) {
                        int head = (int) (queries[i] % numHeads);
                        int query = (int) (queries[i] / numHeads);
                        int key = (int) (keys[j] / numKvHeads);
                        assertEquals(head / (numHeads / numKvHeads), keys[j] % numKvHeads);
                        assertEquals((long) key * numHeads + head, gradients[j]);
                        assertEquals(query / length, key / length, "another row of the batch");
                        seen[query / length][head][query % length][key % length] = true;
                    }
                }
            }
        }
        return seen;
    }

    @Test
    void headsOfOneWidthShareALaunch() {
        assertEquals(1, plan(StandardPattern.EXCLUSIVE, 16, 64).groups().size());
        assertEquals(List.of(6, 7), plan(StandardPattern.EXCLUSIVE, 10, 64).groups().stream().map(WindowPlan.Group::width).toList());
    }

    /** A batch of one, two heads [0, 3) and [3, 5) of five positions. */
    @Test
    void laysSequencesOneAfterTheOther() {
        WindowPlan plan = plan(StandardPattern.EXCLUSIVE, 2, 5);
        assertEquals(List.of(2, 3), plan.groups().stream().map(WindowPlan.Group::width).toList());
        assertEquals(List.of(2, 5), plan.groups().stream().map(plan::longest).toList());
        assertEquals(List.of(2, 5), plan.groups().stream().map(plan::rows).toList());
        assertEquals(List.of(1, 1), plan.groups().stream().map(plan::sequences).toList());
        assertArrayEquals(new long[] {7, 9}, plan.queryRows(plan.groups().get(0)));
        assertArrayEquals(new long[] {1, 3}, plan.keyRows(plan.groups().get(0)));
        assertArrayEquals(new int[] {0, 2}, plan.sequenceEnds(plan.groups().get(0)));
    }

    @Test
    void leavesOutHeadsThatSeeNothing() {
        HeadMask nothing = HeadMask.ofBands();
        HeadMask beyond = HeadMask.ofBands(new Band(7, 9));
        HeadMask some = HeadMask.ofBands(new Band(6, 100));
        WindowPlan plan = WindowPlan.of(List.of(nothing, beyond, some), 1, 3, 7);
        assertEquals(List.of(new WindowPlan.Group(1, List.of(new WindowPlan.Head(2, 6)))), plan.groups());
    }

    private static WindowPlan plan(StandardPattern pattern, int numHeads, int length) {
        List<HeadMask> masks = new ArrayList<>();
        for (int head = 0; head < numHeads; head++) {
            masks.add(pattern.headMask(head, numHeads, length));
        }
        return WindowPlan.of(masks, 1, numHeads, length);
    }
}
