package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileFormatTest {

    @ParameterizedTest
    @CsvSource({"a.jsonl,JSON_LINES,NONE", "a.json,JSON_LINES,NONE", "a.ndjson,JSON_LINES,NONE", "A.JSONL,JSON_LINES,NONE",
        "part-0.json.gz,JSON_LINES,GZIP", "a.jsonl.gzip,JSON_LINES,GZIP", "a.b.ndjson.zst,JSON_LINES,ZSTD", "a.Json.ZSTD,JSON_LINES,ZSTD",
        "a.parquet,PARQUET,NONE", "a.ARROW,ARROW,NONE", "a-sources.jar,JAVA_SOURCES,NONE", "a.txt,TEXT,NONE", "a.gz,TEXT,GZIP",
        "a.txt.zst,TEXT,ZSTD", "json,TEXT,NONE", "README,TEXT,NONE", "a.json.txt,TEXT,NONE", ".gz,TEXT,GZIP", "a.,TEXT,NONE"})
    void aNameMeansOneThing(String name, FileFormat.Content content, FileFormat.Packing packing) {
        assertEquals(new FileFormat(content, packing), FileFormat.of(Path.of("data.json", name)));
        boolean rows = content != FileFormat.Content.TEXT && content != FileFormat.Content.JAVA_SOURCES;
        assertEquals(rows, name.toLowerCase(Locale.ROOT).matches(".*" + FileFormat.ROWS));
    }

    @Test
    void packedFilesOfPackedRowsAreRefused() {
        assertEquals("a.parquet.gz is packed, and .parquet files are not read so: unpack it first",
                assertThrows(InvalidInputException.class, () -> FileFormat.of(Path.of("a.parquet.gz"))).getMessage());
    }
}
