package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {

    private static final String JSON = """
            {
              "format_version" : 1,
              "tokenizer" : {
                "name" : "bytes",
                "digest" : "d1",
                "vocab_size" : 257,
                "eos_id" : 256
              },
              "dtype" : "UINT16",
              "splits" : {
                "train" : [ {
                  "file" : "train/part-00000.npy",
                  "tokens" : 10,
                  "documents" : 2,
                  "sha256" : "s1"
                }, {
                  "file" : "train/part-00001.npy",
                  "tokens" : 3,
                  "documents" : 1,
                  "sha256" : "s2"
                } ],
                "validation" : [ ]
              },
              "settings" : {
                "source" : "somewhere"
              }
            }
            """;

    private static final Manifest MANIFEST = new Manifest(1, new Manifest.TokenizerInfo("bytes", "d1", 257, 256),
            TokenWidth.UINT16, new TreeMap<>(Map.of("train", List.of(new Manifest.Shard("train/part-00000.npy", 10, 2, "s1"),
                    new Manifest.Shard("train/part-00001.npy", 3, 1, "s2")), "validation", List.of())),
            Map.of("source", "somewhere"));

    @TempDir
    private Path folder;

    @Test
    void theFormatStaysWhatItIs() throws IOException {
        assertEquals(JSON, MANIFEST.toJson());
        assertEquals(MANIFEST, read(JSON));
    }

    @Test
    void countsTokensAndDocumentsOfASplit() {
        assertEquals(13, MANIFEST.tokens(Split.TRAIN));
        assertEquals(3, MANIFEST.documents(Split.TRAIN));
        assertEquals(0, MANIFEST.tokens(Split.VALIDATION));
        assertEquals(List.of(), new Manifest(1, MANIFEST.tokenizer(), TokenWidth.UINT16, Map.of(), Map.of()).shards(Split.TRAIN));
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource({"s1, s3", "d1, d2", "'\"tokens\" : 3', '\"tokens\" : 4'", "part-00001, part-00002"})
    void theFingerprintChangesWithTheData(String from, String to) throws IOException {
        assertNotEquals(MANIFEST.fingerprint(), read(JSON.replace(from, to)).fingerprint());
    }

    @Test
    void theFingerprintStaysTheSameOtherwise() throws IOException {
        String other = JSON.replace("somewhere", "elsewhere").replace("\"bytes\"", "\"a path\"").replace("\n", " ");
        assertEquals(MANIFEST.fingerprint(), read(other).fingerprint());
        assertTrue(MANIFEST.fingerprint().matches("[0-9a-f]{64}"), MANIFEST.fingerprint());
    }

    @ParameterizedTest(name = "version {0}")
    @CsvSource({"2, 2", "0, 0", "-1, -1", "1.5, 1.5", "null, null", "'\"1\"', '\"1\"'", "99999999999, 99999999999"})
    void anotherVersionIsRefused(String version, String told) {
        String json = JSON.replace("\"format_version\" : 1", "\"format_version\" : " + version);
        assertEquals(folder.resolve("manifest.json") + " has format version " + told + ", this program reads version 1",
                messageFor(json));
    }

    /** The version is what a person must hear of, not the entries that a later one has besides. */
    @Test
    void aLaterVersionIsNamedEvenIfItsEntriesDiffer() {
        assertEquals(folder.resolve("manifest.json") + " has format version 2, this program reads version 1",
                messageFor("{\"format_version\": 2, \"shards\": []}"));
        assertEquals(folder.resolve("manifest.json") + " has format version none, this program reads version 1", messageFor("{}"));
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"d1\"                   | null                        | digest",
        "\"bytes\"                | null                        | name",
        "\"s1\"                   | null                        | sha256",
        "\"UINT16\"               | null                        | dtype",
        "\"UINT16\"               | \"UINT8\"                   | TokenWidth",
        "\"UINT16\"               | 0                           | TokenWidth",
        "\"UINT16\"               | \"UINT32\"                  | dtype UINT32 does not belong to a vocabulary of 257",
        "[ ]                      | null                        | null",
        "[ ]                      | [ null ]                    | null",
        "\"somewhere\"            | null                        | null",
        "\"vocab_size\" : 257     | \"vocab_size\" : 0          | EOS id 256 does not belong to a vocabulary of 0",
        "\"vocab_size\" : 257     | \"vocab_size\" : 256        | EOS id 256 does not belong to a vocabulary of 256",
        "\"vocab_size\" : 257     | \"vocab_size\" : 100278     | dtype UINT16 does not belong to a vocabulary of 100278",
        "\"vocab_size\" : 257     | \"vocab_size\" : 257.5      | Cannot coerce Floating-point",
        "\"vocab_size\" : 257     | \"vocab_size\" : 2147483648 | out of range",
        "\"vocab_size\" : 257,    | ` `                         | vocab_size",
        "\"eos_id\" : 256         | \"eos_id\" : -1             | EOS id -1 does not belong to a vocabulary of 257",
        "\"tokens\" : 10          | \"tokens\" : -10            | a shard of split 'train' is",
        "\"documents\" : 2        | \"documents\" : -2          | a shard of split 'train' is",
        "\"documents\" : 2        | \"documents\" : 2, \"tokens\" : 4 | Duplicate field 'tokens'",
        "\"tokens\" : 10          | \"tokens\" : \"10\"         | Cannot coerce String value",
        "\"documents\" : 2        | \"documents\" : \"2\"       | Cannot coerce String value",
        "\"documents\" : 2        | \"documents\" : true       | Boolean",
        "\"documents\" : 2        | \"documents\" : 11         | a shard of split 'train' is",
        "\"s1\"                   | 5                           | Integer value",
        "\"bytes\"                | 5                           | Integer value",
        "\"somewhere\"            | 5                           | Integer value",
        "part-00001              | part-00000                  | it lists the shard train/part-00000.npy twice",
        "\"validation\"           | \"test\"                    | there is no split 'test'",
        "\"tokens\" : 10          | \"tokens\" : 9223372036854775807 | split 'train' has more tokens than can be counted",
        "\"dtype\"                | \"dtype\" : \"UINT16\", \"dtype\" | Duplicate field 'dtype'",
        "\"dtype\"                | \"extra\" : 1, \"dtype\"    | Unrecognized field \"extra\"",
    })
    void damageIsNamed(String from, String to, String told) {
        assertTrue(JSON.contains(from), from);
        String message = messageFor(JSON.replace(from, to));
        assertTrue(message.startsWith(folder.resolve("manifest.json") + " is damaged: "), message);
        assertTrue(message.contains(told), message);
        assertFalse(message.contains("\n"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../part-00000.npy", "train/../../part-00000.npy", "/train/part-00000.npy", "train/part-00000.npy/..",
        "train\\\\part-00000.npy", "train/part-0.npy\\n", "train/part-.npy", "validation/part-00000.npy", ""})
    void aShardOutsideItsSplitsFolderIsRefused(String file) {
        String message = messageFor(JSON.replace("train/part-00000.npy", file));
        assertTrue(message.startsWith(folder.resolve("manifest.json") + " is damaged: a shard of split 'train' is "), message);
    }

    @Test
    void aSplitThatIsNamedLikeAPathIsRefused() {
        String message = messageFor(JSON.replace("\"train\"", "\"..\"").replace("train/", "../"));
        assertTrue(message.contains("is damaged: there is no split '..'"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "1", "{", "{]", "{} {}", "not JSON", "\u0000"})
    void aFileThatHoldsNoObjectIsRefused(String json) {
        String message = messageFor(json);
        assertTrue(message.startsWith(folder.resolve("manifest.json") + " is damaged: "), message);
        assertFalse(message.contains("\n"), message);
    }

    /** Whatever the number of bytes that a full disk or a cut transfer let through. */
    @Test
    void everyCutIsNoticed() {
        for (int length = 0; length < JSON.strip().length(); length++) {
            String cut = JSON.substring(0, length);
            assertThrows(InvalidInputException.class, () -> read(cut), cut);
        }
    }

    @Test
    void bytesThatAreNoTextAreRefused() throws IOException {
        Files.write(folder.resolve("manifest.json"), new byte[] {'{', (byte) 0xC3, '}'});
        assertTrue(assertThrows(InvalidInputException.class, () -> Manifest.read(folder)).getMessage()
                .startsWith("cannot read " + folder.resolve("manifest.json")));
    }

    @Test
    void aFolderWithoutManifestIsNoPreparedData() {
        assertEquals("cannot read " + folder.resolve("manifest.json") + ": a folder of prepared data holds a manifest.json",
                assertThrows(InvalidInputException.class, () -> Manifest.read(folder)).getMessage());
    }

    private Manifest read(String json) throws IOException {
        Files.writeString(folder.resolve("manifest.json"), json);
        return Manifest.read(folder);
    }

    private String messageFor(String json) {
        return assertThrows(InvalidInputException.class, () -> read(json)).getMessage();
    }
}
