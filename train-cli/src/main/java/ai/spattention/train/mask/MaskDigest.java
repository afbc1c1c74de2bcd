package ai.spattention.train.mask;

import ai.spattention.olmoe.io.Sha256;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.MaskRow;
import java.security.MessageDigest;
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
        MessageDigest digest = Sha256.digest();
        byte[] row = new byte[length];
        for (HeadMask mask : masks) {
            for (int query = 0; query < length; query++) {
                MaskRow.fill(mask, query, row);
                digest.update(row);
            }
        }
        return Sha256.hex(digest);
    }
}
