package ai.spattention.examples;

import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.Stride;
import java.util.List;

/**
 * Dilated attention, a pattern of one's own: every head sees the eight newest keys, and head h of what is older every
 * 2^(h+1)-th, counted from the query. The class is public and has a constructor without arguments, as
 * {@link java.util.ServiceLoader} wants it.
 */
public final class DilatedPattern implements AttentionPattern {

    private static final Band NEWEST = new Band(0, 8);

    @Override
    public String patternName() {
        return "dilated";
    }

    @Override
    public HeadMask headMask(int head, int numHeads, int layoutLength) {
        int period = 1 << Math.min(head + 1, 30);
        return new HeadMask(List.of(NEWEST), 0, new Stride(period, List.of(0)));
    }
}
