package ai.spattention.olmoe.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of texts and files, in lower-case hexadecimal, or its beginning as a number. */
public final class Sha256 {

    private static final int BUFFER = 1 << 20;

    private Sha256() {}

    /**
     * The algorithm, for bytes that come in pieces.
     *
     * @return a new digest
     */
    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java machine has SHA-256", e);
        }
    }

    /**
     * Ends a digest.
     *
     * @param digest the digest, which can be used again
     * @return its value
     */
    public static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    /**
     * Digests a text.
     *
     * @param text the text, taken as UTF-8
     * @return its digest
     */
    public static String of(String text) {
        return HexFormat.of().formatHex(digest().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * The beginning of a text's digest, to choose and to recognise by.
     *
     * @param text the text, taken as UTF-8
     * @return the digest's first eight bytes, the first being the highest
     */
    public static long prefix(String text) {
        return prefix(text, digest());
    }

    /**
     * {@link #prefix(String)} with a digest at hand, for many texts.
     *
     * @param text the text, taken as UTF-8
     * @param digest a digest that has taken nothing yet, and can be used again
     * @return the digest's first eight bytes, the first being the highest
     */
    public static long prefix(String text, MessageDigest digest) {
        return ByteBuffer.wrap(digest.digest(text.getBytes(StandardCharsets.UTF_8))).getLong();
    }

    /**
     * Digests files.
     *
     * @param files the files
     * @return the digest of all their bytes one after another
     * @throws IOException if reading fails
     */
    public static String of(Iterable<Path> files) throws IOException {
        MessageDigest digest = digest();
        byte[] buffer = new byte[BUFFER];
        for (Path file : files) {
            try (InputStream in = Files.newInputStream(file)) {
                for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                    digest.update(buffer, 0, count);
                }
            }
        }
        return hex(digest);
    }
}
