package ai.spattention.train.data;

import ai.spattention.olmoe.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** Short digests, to choose and to recognise by. */
final class Checksums {

    private Checksums() {}

    /** The first eight bytes of the SHA-256 of a text in UTF-8. */
    static long of(String text) {
        return of(text, Sha256.digest());
    }

    /** The same with a digest at hand, for many texts. */
    static long of(String text, MessageDigest digest) {
        return ByteBuffer.wrap(digest.digest(text.getBytes(StandardCharsets.UTF_8))).getLong();
    }
}
