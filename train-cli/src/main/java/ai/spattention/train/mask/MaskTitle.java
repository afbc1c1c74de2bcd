package ai.spattention.train.mask;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.KeyBlocks;
import java.util.stream.Collectors;

/** A mask in words. */
public final class MaskTitle {

    private MaskTitle() {}

    /**
     * Describes a mask.
     *
     * @param mask what the head sees
     * @param length N, at which bands end at the latest
     * @return for example {@code distances 0..63, 128..191, first 4 keys}
     */
    public static String of(HeadMask mask, int length) {
        String bands = mask.bands().stream().map(band -> band(band, length)).collect(Collectors.joining(", "));
        StringBuilder title = new StringBuilder(bands.isEmpty() ? "no band" : "distances " + bands);
        if (mask.prefixKeys() > 0) {
            title.append(", first ").append(mask.prefixKeys()).append(" keys");
        }
        if (!mask.stride().isEmpty()) {
            title.append(", d mod ").append(mask.stride().period()).append(" in ").append(mask.stride().residues());
            if (mask.stride().isBounded()) {
                title.append(" up to ").append(mask.stride().maxDistance() - 1);
            }
        }
        KeyBlocks blocks = mask.blocks();
        if (!blocks.isEmpty()) {
            title.append(", of blocks of ").append(blocks.size()).append(" the last ").append(blocks.nearest()).append(" and ")
                    .append(blocks.random()).append(" drawn");
        }
        return title.toString();
    }

    private static String band(Band band, int length) {
        int end = band.minDistance() < length ? Math.min(band.maxDistance(), length) : band.maxDistance();
        return band.minDistance() + ".." + (end - 1);
    }
}
