package ai.spattention.eval.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.RequestFile;
import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.complex.impl.UnionListWriter;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowReadersTest {

    private static final String JSON = """
            {"q": "Caf\\u00e9 \\ud83d\\ude00?", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "n": 1, "yes": true, "none": null}

            {"q": "Two", "choices": {"text": ["c"], "label": ["A"]}, "n": 2, "yes": false, "none": null}
            """;
    private static final List<Map<String, Object>> FIELDS = List.of(
            withNone(Map.of("q", "Caf\u00e9 \ud83d\ude00?", "choices", Map.of("text", List.of("a", "b"), "label", List.of("A", "B")),
                    "n", 1, "yes", true)),
            withNone(Map.of("q", "Two", "choices", Map.of("text", List.of("c"), "label", List.of("A")), "n", 2, "yes", false)));

    @TempDir
    private Path folder;

    /** A null is a value: templates print it as None. */
    private static Map<String, Object> withNone(Map<String, Object> fields) {
        Map<String, Object> all = new HashMap<>(fields);
        all.put("none", null);
        return all;
    }

    private static List<Row> read(Path file) throws IOException {
        return new DataSplit("test", List.of(file)).rows();
    }

    private static String refused(Path file) {
        String message = assertThrows(InvalidInputException.class, () -> read(file)).getMessage();
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.startsWith(file.toString()), message);
        return message.substring(file.toString().length());
    }

    private Path json(String text) throws IOException {
        return Files.writeString(folder.resolve("x.jsonl"), text);
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    private static byte[] gzip() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            lines.append("{\"n\": ").append(i * 7919).append("}\n");
        }
        return gzip(lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void readsJsonLines() throws IOException {
        List<Row> rows = read(json(JSON));
        assertEquals(FIELDS, rows.stream().map(Row::fields).toList());
        assertEquals(folder.resolve("x.jsonl") + " row 3", rows.get(1).where()); // the line, as an editor counts
    }

    @Test
    void readsGzip() throws IOException {
        assertEquals(100, read(Files.write(folder.resolve("x.jsonl.gz"), gzip())).size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"x.jsonl.gz", "x.json.zst", "x.NDJSON"})
    void readsAllPartsOfAPackedFile(String name) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int part = 1; part < 4; part++) {
            byte[] line = ("{\"n\": " + part + "}\n").getBytes(StandardCharsets.UTF_8);
            bytes.writeBytes(name.endsWith(".gz") ? gzip(line) : name.endsWith(".zst") ? Zstd.compress(line) : line);
        }
        List<Row> rows = read(Files.write(folder.resolve(name), bytes.toByteArray()));
        assertEquals(List.of(1, 2, 3), rows.stream().map(row -> row.fields().get("n")).toList());
    }

    @Test
    void halfACharacterIsReplacedInEveryText() throws IOException {
        List<Row> rows = read(json("{\"a\": [\"b\\ud83d\", {\"c\\ud83d\\ude00\": \"\\udc00\\ud83d\\ude00\"}]}"));
        assertEquals(Map.of("a", List.of("b\uFFFD", Map.of("c\ud83d\ude00", "\uFFFD\ud83d\ude00"))), rows.get(0).fields());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\\udc00", "a\\ud83d", "\\ud83d\\ud83d"})
    void halfACharacterInANameIsRefused(String name) throws IOException {
        String message = refused(json("{\"" + name + "\": 1}"));
        assertTrue(message.startsWith(" line 1 is not valid JSON: ") && message.contains("surrogate"), message);
    }

    @Test
    void refusesFilesThatHoldNoRowsByTheirNames() throws IOException {
        Path file = Files.writeString(folder.resolve("x.txt"), JSON);
        assertEquals("the request file " + file + " holds no rows by its name: they are JSON lines (.jsonl, .json or .ndjson, also with"
                + " .gz or .zst), .parquet or .arrow", assertThrows(InvalidInputException.class, () -> RequestFile.read(file)).getMessage());
    }

    @Test
    void aRequestsNumbersAreWhole() throws IOException {
        for (String number : List.of("NaN", "1.5", "1e300", "99999999999999999999", "\"1\"")) {
            Path file = json("{\"doc_id\": " + number + ", \"idx\": 0, \"request\": {\"context\": \"a\", \"continuation\": \"b\"}}");
            assertTrue(assertThrows(InvalidInputException.class, () -> RequestFile.read(file)).getMessage()
                    .startsWith(file + " row 1 has no whole number 'doc_id' (got "), number);
        }
    }

    @Test
    void refusesACutGzip() throws IOException {
        byte[] whole = gzip();
        for (int length : new int[] {0, 5, 30, whole.length / 2, whole.length - 9, whole.length - 1}) {
            Path file = Files.write(folder.resolve("x.jsonl.gz"), Arrays.copyOf(whole, length));
            assertTrue(refused(file).contains("is truncated: its compressed data end too early"), length + " bytes");
        }
        byte[] damaged = whole.clone();
        damaged[whole.length - 6] ^= 1; // the checksum
        assertTrue(refused(Files.write(folder.resolve("x.jsonl.gz"), damaged)).contains("is damaged: its compressed data cannot be read"));
        assertTrue(refused(Files.writeString(folder.resolve("x.jsonl.gz"), "plain text")).contains("is not packed as its name says"));
    }

    @Test
    void refusesBadLines() throws IOException {
        assertTrue(refused(json("{\"a\": 1}\n{\"a\": \n")).startsWith(" line 2 is not valid JSON: "));
        assertTrue(refused(json("{\"a\": 1}\n[1]\n")).startsWith(" line 2 is not a JSON object: "));
        assertEquals(" line 1 has something after the JSON object", refused(json("{\"a\": 1} {\"a\": 2}\n")));
        assertTrue(refused(json("{\"a\": 1, \"a\": 2}\n")).startsWith(" line 1 is not valid JSON: Duplicate"));
        assertEquals(" line 1 is not a JSON object", refused(json("null\n")));
        assertTrue(refused(Files.write(folder.resolve("x.jsonl"), new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'}))
                .contains("line 1 is not text in UTF-8"));
    }

    @Test
    void refusesASplitWithoutRows() throws IOException {
        assertEquals(" has no rows: the split 'test' needs at least one", refused(json("\n\n")));
    }

    @Test
    void readsParquet() throws IOException, SQLException {
        Path file = folder.resolve("it's [1].parquet");
        try (Connection database = DriverManager.getConnection("jdbc:duckdb:"); Statement statement = database.createStatement()) {
            statement.execute("COPY (SELECT * FROM (VALUES ('Caf\u00e9 \ud83d\ude00?', {'text': ['a', 'b'], 'label': ['A', 'B']}, 1,"
                    + " true, NULL), ('Two', {'text': ['c'], 'label': ['A']}, 2, false, NULL)) t(q, choices, n, yes, \"none\")) TO '"
                    + file.toString().replace("'", "''") + "' (FORMAT parquet)");
        }
        List<Row> rows = read(file);
        assertEquals(FIELDS, rows.stream().map(Row::fields).toList());
        assertEquals(2, rows.get(1).number());

        byte[] bytes = Files.readAllBytes(file);
        assertTrue(refused(Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(bytes, bytes.length / 2)))
                .contains("is not a Parquet file that can be read"));
        assertTrue(refused(Files.write(folder.resolve("empty.parquet"), new byte[0])).contains("is not a Parquet file that can be read"));
    }

    @Test
    void parquetIsReadAsItIsWhereverItLies() throws IOException, SQLException {
        Path file = Files.createDirectories(folder.resolve("split=test")).resolve("x.parquet");
        try (Connection database = DriverManager.getConnection("jdbc:duckdb:"); Statement statement = database.createStatement()) {
            statement.execute("COPY (SELECT 'a' AS q, 'NaN'::DOUBLE AS n) TO '" + file + "' (FORMAT parquet)");
        }
        assertEquals(List.of("q", "n"), List.copyOf(read(file).get(0).fields().keySet())); // a folder's name is no column
        Path misnamed = Files.copy(file, folder.resolve("x.jsonl"));
        assertEquals(" is not the text that its name promises: it holds Parquet data: give it the ending .parquet", refused(misnamed));
        Path text = json(JSON).resolveSibling("y.parquet");
        Files.move(folder.resolve("x.jsonl"), text);
        assertEquals(" is not a Parquet file that can be read: it holds something else", refused(text));
    }

    @Test
    void readsArrowStreams() throws IOException {
        Path file = folder.resolve("x.arrow");
        try (BufferAllocator memory = new RootAllocator(); OutputStream out = Files.newOutputStream(file);
                VarCharVector text = new VarCharVector("q", memory); BigIntVector number = new BigIntVector("n", memory);
                BitVector yes = new BitVector("yes", memory); StructVector choices = StructVector.empty("choices", memory)) {
            ListVector texts = list(choices, "text");
            ListVector labels = list(choices, "label");
            VectorSchemaRoot root = VectorSchemaRoot.of(text, number, yes, choices);
            try (ArrowStreamWriter writer = new ArrowStreamWriter(root, null, out)) {
                writer.start();
                for (int row = 0; row < 2; row++) { // a batch for each row
                    root.clear();
                    text.setSafe(0, (row == 0 ? "Caf\u00e9 \ud83d\ude00?" : "Two").getBytes(StandardCharsets.UTF_8));
                    number.setSafe(0, row + 1);
                    yes.setSafe(0, row == 0 ? 1 : 0);
                    write(texts, row == 0 ? List.of("a", "b") : List.of("c"));
                    write(labels, row == 0 ? List.of("A", "B") : List.of("A"));
                    choices.setIndexDefined(0);
                    choices.setValueCount(1);
                    root.setRowCount(1);
                    writer.writeBatch();
                }
                writer.end();
            }
        }
        List<Row> rows = read(file);
        assertEquals(Map.of("text", List.of("a", "b"), "label", List.of("A", "B")), rows.get(0).fields().get("choices"));
        assertEquals(List.of("Caf\u00e9 \ud83d\ude00?", "Two"), rows.stream().map(row -> row.fields().get("q")).toList());
        assertEquals(List.of(1L, 2L), rows.stream().map(row -> row.fields().get("n")).toList());
        assertEquals(List.of(true, false), rows.stream().map(row -> row.fields().get("yes")).toList());

        byte[] bytes = Files.readAllBytes(file);
        for (int length = 0; length < bytes.length; length += length < bytes.length - 8 ? 8 : 1) { // batches end there
            Path cut = Files.write(folder.resolve("cut.arrow"), Arrays.copyOf(bytes, length));
            assertTrue(refused(cut).startsWith(" cannot be read as an Arrow stream"), length + " bytes");
        }
        Path index = Files.writeString(folder.resolve("index.arrow"), "ARROW1\0\0");
        assertTrue(refused(index).contains("it holds an Arrow file with an index"));
    }

    private static ListVector list(StructVector parent, String name) {
        ListVector list = parent.addOrGet(name, FieldType.nullable(ArrowType.List.INSTANCE), ListVector.class);
        list.addOrGetVector(FieldType.nullable(ArrowType.Utf8.INSTANCE));
        return list;
    }

    private static void write(ListVector list, List<String> items) {
        UnionListWriter writer = list.getWriter();
        writer.setPosition(0);
        writer.startList();
        items.forEach(item -> writer.varChar().writeVarChar(item));
        writer.endList();
        list.setValueCount(1);
    }
}
