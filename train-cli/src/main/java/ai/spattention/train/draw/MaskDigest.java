package ai.spattention.train.draw;

import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.MaskRow;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** A fingerprint of what all heads see, equal for equal masks whoever computes them. */
public final class MaskDigest {

    private MaskDigest() {}

    /**
     * The SHA-256 of heads × length × length bytes: 1 where query i of head h sees key j, else 0, in the order h, i, j.
     *
     * @param masks one mask a head
     * @param length N
     * @return the digest in lower-case hexadecimal
     */
    public static String sha256(List<HeadMask> masks, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] row = new byte[length];
            for (HeadMask mask : masks) {
                for (int query = 0; query < length; query++) {
                    MaskRow.fill(mask, query, row);
                    digest.update(row);
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java machine has SHA-256", e);
        }
    }
}
