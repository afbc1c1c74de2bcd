package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextStreamTest {

    private static final List<String> TEXTS = List.of("one\n", "", "the second one\n", "\u00e4 third\n");

    @TempDir
    private Path folder;

    private String read(String name, byte[] content) throws IOException {
        return TextFile.read(Files.write(folder.resolve(name), content), "the file", 1 << 20);
    }

    private Optional<String> readOrRefuse(String name, byte[] content) throws IOException {
        try {
            return Optional.of(read(name, content));
        } catch (InvalidInputException e) {
            assertTrue(e.getMessage().contains(name), e.getMessage());
            return Optional.empty();
        }
    }

    private String refusal(String name, byte[] content) {
        String message = assertThrows(InvalidInputException.class, () -> read(name, content)).getMessage();
        assertEquals(1, message.lines().count(), message);
        return message.replace(folder + "/", "");
    }

    /** After so many bytes a shorter file is whole too: what it holds then. */
    private static Map<Integer, String> wholeAt(String name) throws IOException {
        Map<Integer, String> whole = new LinkedHashMap<>();
        for (int count = 1; count <= TEXTS.size(); count++) {
            whole.put(Packed.as(name, TEXTS.subList(0, count)).length, String.join("", TEXTS.subList(0, count)));
        }
        return whole;
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.gz", "a.zst", "a.TXT.GZ"})
    void everyPartIsReadAndACutFileIsRefusedWhereverItEnds(String name) throws IOException {
        byte[] bytes = Packed.as(name.toLowerCase(Locale.ROOT), TEXTS);
        Map<Integer, String> whole = wholeAt(name.toLowerCase(Locale.ROOT));
        for (int length = 0; length <= bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            if (whole.containsKey(length)) {
                assertEquals(whole.get(length), read(name, cut));
            } else {
                assertEquals(name + " is truncated: its compressed data end too early; get the whole file again",
                        refusal(name, cut), length + " bytes");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.gz", "a.zst"})
    void noFlippedBitChangesTheText(String name) throws IOException {
        byte[] bytes = Packed.as(name, TEXTS);
        int refused = 0;
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Optional<String> text = readOrRefuse(name, flipped);
            int at = bit / 8;
            text.ifPresent(got -> assertEquals(String.join("", TEXTS), got, () -> "byte " + at));
            refused += text.isEmpty() ? 1 : 0;
        }
        assertTrue(refused > 4 * bytes.length, refused + " of " + 8 * bytes.length); // the rest are times and hints
    }

    @Test
    void whatFollowsTheLastMemberIsRefusedButForZeros() throws IOException {
        byte[] gzip = Packed.as("a.gz", List.of("text"));
        assertEquals("text", read("a.gz", Packed.join(gzip, new byte[1000])));
        assertEquals("a.gz is damaged: its compressed data cannot be read (something that is not gzip follows its end); get it again",
                refusal("a.gz", Packed.join(gzip, new byte[3], gzip)));
        assertTrue(refusal("a.gz", Packed.join(gzip, "garbage".getBytes(StandardCharsets.UTF_8))).contains("is damaged"));
        assertTrue(refusal("a.zst", Packed.join(Packed.as("a.zst", List.of("text")), new byte[4])).contains("is damaged"));
    }

    /** All that RFC 1952 allows in a header: extra field, name, comment and the header's own checksum. */
    @Test
    void everyFieldOfAGzipHeaderIsRead() throws IOException {
        byte[] header = HexFormat.of().parseHex("1f8b081e0000000000ff0300616263" + "6e00" + "6300");
        CRC32 crc = new CRC32();
        crc.update(header);
        byte[] checksum = {(byte) crc.getValue(), (byte) (crc.getValue() >> 8)};
        byte[] plain = Packed.as("a.gz", List.of("text"));
        byte[] body = Arrays.copyOfRange(plain, 10, plain.length);
        assertEquals("text", read("a.gz", Packed.join(header, checksum, body)));
        checksum[0] ^= 1;
        assertTrue(refusal("a.gz", Packed.join(header, checksum, body)).contains("the checksum of a gzip header is wrong"));
    }

    @Test
    void framesThatZstandardSkipsAreSkipped() throws IOException {
        byte[] skipped = HexFormat.of().parseHex("5f2a4d18" + "03000000" + "aabbcc");
        byte[] frame = Packed.as("a.zst", List.of("text"));
        assertEquals("texttext", read("a.zst", Packed.join(skipped, frame, skipped, frame, skipped)));
        byte[] cut = Arrays.copyOf(skipped, skipped.length - 1);
        assertTrue(refusal("a.zst", Packed.join(frame, cut)).contains("is truncated"));
    }

    /** Frames as {@code zstd --long} writes them: a window descriptor and no size, one raw block. */
    @Test
    void longWindowsAreReadOrNamed() throws IOException {
        for (int log : new int[] {27, 28, 31}) {
            byte[] frame = HexFormat.of().parseHex("28b52ffd00" + HexFormat.of().toHexDigits((byte) (log - 10 << 3)) + "210000" + "74657874");
            InputStream small = new ZstdFrames(folder.resolve("a.zst"), new ByteArrayInputStream(frame), 1L << 31);
            assertEquals(frame.length, small.readAllBytes().length);
            InputStream large = new ZstdFrames(folder.resolve("a.zst"), new ByteArrayInputStream(frame), 1L << 20);
            String message = assertThrows(InvalidInputException.class, large::readAllBytes).getMessage().replace(folder + "/", "");
            assertEquals(String.format(Locale.ROOT, "a.zst was packed with a long zstd window: to unpack it, %,d bytes of memory are needed, and at"
                    + " most 1,048,576 are given to a file; pack it again with: zstd -dc --long=31 FILE | zstd -o NEW_FILE", 1L << log),
                    message);
        }
        byte[] above = HexFormat.of().parseHex("28b52ffd00" + "b0" + "210000" + "74657874");
        assertTrue(refusal("a.zst", above).contains("4,294,967,296 bytes of memory are needed"));
        assertEquals("text", read("a.zst", HexFormat.of().parseHex("28b52ffd00" + "88" + "210000" + "74657874")));
    }

    @Test
    void aDictionaryIsNamed() {
        byte[] frame = HexFormat.of().parseHex("28b52ffd01" + "00" + "07" + "210000" + "74657874");
        assertEquals("a.zst was packed with a zstd dictionary, which is not here: pack it again without one", refusal("a.zst", frame));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a.jsonl| 1f8b0800| gzip data: give it the ending .gz",
        "a.txt| 28b52ffd| zstd data: give it the ending .zst",
        "a.jsonl.gz| 28b52ffd| zstd data: give it the ending .zst",
        "a.jsonl.zst| 1f8b0800| gzip data: give it the ending .gz",
        "a.jsonl| 5041523115041510| Parquet data: give it the ending .parquet",
        "a.txt.gz| 5041523115041510| Parquet data: give it the ending .parquet",
        "a.txt| 4152524f57310000| an Arrow file with an index",
        "a.txt| ffffffff10000000| an Arrow stream: give it the ending .arrow",
        "a.jsonl.bz2| 425a683931415926535900| bzip2 data: unpack it first",
        "a.jsonl.xz| fd377a585a00| xz data: unpack it first",
        "a.zip| 504b0304| a zip archive: unpack it first",
        "a.json| fffe7b00| text in UTF-16: convert it to UTF-8",
        "a.txt| feff0074| text in UTF-16: convert it to UTF-8",
        "a.txt| 7400650078007400| zero bytes, as binary files do",
        "a.txt.gz| 74657874| something else: give it the ending of what it is"})
    void contentThatContradictsTheNameIsNamed(String name, String hex, String held) {
        String message = refusal(name, HexFormat.of().parseHex(hex));
        assertTrue(message.startsWith(name + " is not ") && message.contains("it holds " + held), message);
    }

    @Test
    void whatIsPackedTwiceIsNamed() throws IOException {
        byte[] once = Packed.as("a.gz", List.of("text"));
        ByteArrayOutputStream twice = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(twice)) {
            out.write(once);
        }
        assertTrue(refusal("a.gz", twice.toByteArray()).contains("it holds gzip data"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.txt", "a.jsonl", "a.jsonl.gz", "a.parquet", "a.arrow", "a.zst", "config.json", "model.safetensors"})
    void theStandInsOfGitLfsAreNamed(String name) throws IOException {
        Path file = Files.writeString(folder.resolve(name),
                "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab".repeat(32) + "\nsize 866312\n");
        String message = assertThrows(InvalidInputException.class, () -> RegularFile.require(file, "the file")).getMessage();
        assertEquals(file + " is the stand-in that git leaves where git-lfs is not installed, not the file itself: run 'git lfs pull'",
                message);
    }

    @Test
    void aByteOrderMarkIsPassedOver() throws IOException {
        for (String name : List.of("a.txt", "a.gz", "a.zst")) {
            assertEquals("text", read(name, Packed.as(name, List.of("\uFEFFtext"))));
            assertEquals("", read(name, Packed.as(name, List.of("\uFEFF"))));
            assertEquals("", read(name, Packed.as(name, List.of(""))));
        }
    }

    @Test
    void textIsStrictUtf8() {
        for (String hex : List.of("c0af", "e080af", "f08080af", "eda080", "edb080", "f4908080", "e282", "ff", "80")) {
            assertEquals("a.txt is not text in UTF-8: convert it, or leave it out",
                    refusal("a.txt", HexFormat.of().parseHex("61" + hex)), hex);
        }
    }

    @Test
    void aTextIsBounded() throws IOException {
        Path file = Files.write(folder.resolve("a.gz"), Packed.as("a.gz", List.of("x".repeat(1001))));
        assertEquals("the file " + file + " has more than 1,000 bytes, the most that is read",
                assertThrows(InvalidInputException.class, () -> TextFile.read(file, "the file", 1000)).getMessage());
        assertEquals(1001, TextFile.read(file, "the file", 1001).length());
    }
}
