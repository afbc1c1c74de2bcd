package ai.spattention.attention.conformance;

import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.Stride;
import java.util.List;

/** Bands, prefix and stride at once, another mix for each head, heads with equal masks not beside each other. */
final class MixedPattern implements AttentionPattern {

    @Override
    public String patternName() {
        return "mixed";
    }

    @Override
    public HeadMask headMask(int head, int numHeads, int layoutLength) {
        return switch (head % 5) {
            case 0 -> HeadMask.ofBands(new Band(3, 9), new Band(20, 22), new Band(40, 77));
            case 1 -> new HeadMask(List.of(), 0, new Stride(7, List.of(2, 5)));
            case 2 -> new HeadMask(List.of(new Band(30, 35)), 4, new Stride(12, List.of(0, 1, 11)));
            case 3 -> new HeadMask(List.of(), 9, Stride.NONE);
            default -> new HeadMask(List.of(), 0, Stride.NONE);
        };
    }
}
