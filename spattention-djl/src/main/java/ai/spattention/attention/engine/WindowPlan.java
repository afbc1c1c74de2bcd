package ai.spattention.attention.engine;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How heads that see one band of distances each become sliding windows, in integers only.
 *
 * <p>A head that sees the distances [s, s + w) has nothing for its first s queries; its query s + i sees the keys (i - w, i].
 * So the queries from s on and the N - s keys from 0 on are a sequence of length N - s under a causal window of w keys. The
 * sequences of all heads of one width, of every row of the batch, are laid one after the other: for each head, for each row
 * of the batch, its positions.
 *
 * <p>Rows are those of [B, N, heads, D] memory, the order in which projections leave it.
 *
 * @param batch B
 * @param numHeads H
 * @param numKvHeads G
 * @param length N
 * @param groups the heads that see anything, those of one width together, ascending by width
 */
record WindowPlan(int batch, int numHeads, int numKvHeads, int length, List<Group> groups) {

    /**
     * Heads with windows of one width.
     *
     * @param width w, at most N
     * @param heads the heads, ascending
     */
    record Group(int width, List<Head> heads) {}

    /**
     * A head.
     *
     * @param index which
     * @param start s, less than N
     */
    record Head(int index, int start) {}

    /**
     * Plans a call.
     *
     * @param masks one mask a head, each with at most one band and nothing else
     * @param batch B
     * @param numKvHeads G
     * @param length N
     * @return the plan
     */
    static WindowPlan of(List<HeadMask> masks, int batch, int numKvHeads, int length) {
        Map<Integer, List<Head>> byWidth = new TreeMap<>();
        for (int head = 0; head < masks.size(); head++) {
            List<Band> bands = masks.get(head).bands();
            if (!bands.isEmpty() && bands.get(0).minDistance() < length) {
                Band band = bands.get(0);
                int width = Math.min(band.maxDistance(), length) - band.minDistance();
                byWidth.computeIfAbsent(width, key -> new ArrayList<>()).add(new Head(head, band.minDistance()));
            }
        }
        List<Group> groups = new ArrayList<>();
        byWidth.forEach((width, heads) -> groups.add(new Group(width, List.copyOf(heads))));
        return new WindowPlan(batch, masks.size(), numKvHeads, length, List.copyOf(groups));
    }

    /** The rows of [B, N, H, D] that hold a group's queries, and get its results. */
    long[] queryRows(Group group) {
        return rows(group, numHeads, true);
    }

    /** The rows of [B, N, G, D] that hold a group's keys and values, as its queries find them. */
    long[] keyRows(Group group) {
        return rows(group, numKvHeads, false);
    }

    /** The rows of [B, N, H, D] for the gradients of a group's keys and values, before heads that share them are summed. */
    long[] keyGradientRows(Group group) {
        return rows(group, numHeads, false);
    }

    private long[] rows(Group group, int heads, boolean shifted) {
        long[] rows = new long[rows(group)];
        int at = 0;
        for (Head head : group.heads) {
            int own = head.index / (numHeads / heads);
            for (int row = 0; row < batch; row++) {
                for (int position = 0; position < length - head.start; position++) {
                    rows[at++] = ((long) row * length + position + (shifted ? head.start : 0)) * heads + own;
                }
            }
        }
        return rows;
    }

    /** Where a group's sequences end, after a leading 0. */
    int[] sequenceEnds(Group group) {
        int[] ends = new int[sequences(group) + 1];
        int sequence = 0;
        for (Head head : group.heads) {
            for (int row = 0; row < batch; row++, sequence++) {
                ends[sequence + 1] = Math.addExact(ends[sequence], length - head.start);
            }
        }
        return ends;
    }

    /** How many sequences a group has. */
    int sequences(Group group) {
        return group.heads.size() * batch;
    }

    /** How many rows a group's sequences have together. */
    int rows(Group group) {
        int[] ends = sequenceEnds(group);
        return ends[ends.length - 1];
    }

    /** The length of a group's longest sequence. */
    int longest(Group group) {
        return length - group.heads.stream().mapToInt(Head::start).min().orElseThrow();
    }
}
