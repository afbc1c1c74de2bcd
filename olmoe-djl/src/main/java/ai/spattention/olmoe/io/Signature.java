package ai.spattention.olmoe.io;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/** What the first bytes of a file give away. */
enum Signature {
    GIT_LFS(text("version https://git-lfs.github.com/spec/v1"),
            "the stand-in that git leaves where git-lfs is not installed, not the file itself: run 'git lfs pull'"),
    GZIP(hex("1f8b"), "gzip data: give it the ending .gz"),
    ZSTD(hex("28b52ffd"), "zstd data: give it the ending .zst"),
    PARQUET(text("PAR1\25"), "Parquet data: give it the ending .parquet"),
    ARROW_FILE(text("ARROW1\0\0"), "an Arrow file with an index: write it as an Arrow stream (.arrow) or as Parquet"),
    ARROW_STREAM(hex("ffffffff"), "an Arrow stream: give it the ending .arrow"),
    BZIP2(text("BZh91AY&SY"), "bzip2 data: unpack it first"),
    XZ(hex("fd377a585a00"), "xz data: unpack it first"),
    LZ4(hex("04224d18"), "lz4 data: unpack it first"),
    ZIP(hex("504b0304"), "a zip archive: unpack it first"),
    SEVEN_ZIP(hex("377abcaf271c"), "a 7z archive: unpack it first"),
    UTF_32(hex("fffe0000"), "text in UTF-32: convert it to UTF-8, for example with iconv -f UTF-32 -t UTF-8"),
    UTF_32_BIG(hex("0000feff"), "text in UTF-32: convert it to UTF-8, for example with iconv -f UTF-32 -t UTF-8"),
    UTF_16(hex("fffe"), "text in UTF-16: convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8"),
    UTF_16_BIG(hex("feff"), "text in UTF-16: convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8");

    private static final byte[] SKIPPABLE_FRAME = hex("502a4d18");

    private final byte[] start;

    /** What the file is, and what to do. */
    final String meaning;

    Signature(byte[] start, String meaning) {
        this.start = start;
        this.meaning = meaning;
    }

    private static byte[] text(String start) {
        return start.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] hex(String start) {
        return HexFormat.of().parseHex(start);
    }

    /** The first that fits; empty for text and for what is not known. */
    static Optional<Signature> of(byte[] head) {
        for (Signature signature : values()) {
            if (startsWith(head, signature.start)) {
                return Optional.of(signature);
            }
        }
        byte[] frame = head.clone();
        if (frame.length > 0) {
            frame[0] &= (byte) 0xf0; // the frames that Zstandard skips have sixteen signatures
        }
        return startsWith(frame, SKIPPABLE_FRAME) ? Optional.of(ZSTD) : Optional.empty();
    }

    private static boolean startsWith(byte[] head, byte[] start) {
        return head.length >= start.length && Arrays.equals(head, 0, start.length, start, 0, start.length);
    }
}
