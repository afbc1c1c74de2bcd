package ai.spattention.train.mask;

import ai.spattention.pattern.HeadMask;
import java.util.List;

/** Masks drawn with characters, one head below the other. */
public final class MaskText {

    private static final int WIDEST = 64;
    private static final String SHADES = ".:+#";

    private MaskText() {}

    /**
     * Draws masks: a row a query, a column a key; {@code #} seen, {@code .} not seen, blank in the future. A long sequence
     * is reduced to 64 cells a side, {@code :} and {@code +} for cells seen in part.
     *
     * @param masks one mask a head
     * @param length N
     * @return the drawing
     */
    public static String draw(List<HeadMask> masks, int length) {
        int cells = Math.min(length, WIDEST);
        StringBuilder text = new StringBuilder();
        if (cells < length) {
            text.append("each character stands for about ").append((length - 1) / cells + 1).append(" positions\n");
        }
        for (int head = 0; head < masks.size(); head++) {
            text.append("head ").append(head).append(": ").append(MaskTitle.of(masks.get(head), length)).append('\n');
            double[][] share = Coverage.of(masks.get(head), length, cells);
            for (int query = 0; query < cells; query++) {
                text.append("  ");
                for (int key = 0; key <= query; key++) {
                    text.append(shade(share[query][key]));
                }
                text.append('\n');
            }
        }
        return text.toString();
    }

    private static char shade(double share) {
        if (share == 0) {
            return SHADES.charAt(0);
        }
        return share >= 0.75 ? SHADES.charAt(3) : SHADES.charAt(share < 0.25 ? 1 : 2);
    }
}
