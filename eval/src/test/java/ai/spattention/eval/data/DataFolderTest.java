package ai.spattention.eval.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataFolderTest {

    private static final List<DataSource> ARC = List.of(new DataSource("allenai/ai2_arc", "ARC-Easy"));

    @TempDir
    private Path folder;

    private void put(String... files) throws IOException {
        for (String file : files) {
            Files.createDirectories(folder.resolve(file).getParent());
            Files.writeString(folder.resolve(file), "{}\n");
        }
    }

    private String find(String split) throws IOException {
        return DataFolder.open(folder).find("arc_easy", ARC, split).map(found -> found.files().stream()
                .map(file -> folder.relativize(file).toString()).collect(Collectors.joining(" "))).orElse("none");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "arc_easy/validation.jsonl", "arc_easy/validation.jsonl.gz", "arc_easy/validation.ndjson.zst", "arc_easy/validation.JSON.gz", "arc_easy/validation-00000-of-00001.parquet",
        "arc_easy/ARC-Easy/validation-00000-of-00001.parquet", "arc_easy/data/ARC-Easy/validation.json",
        "allenai/ai2_arc/ARC-Easy/validation-00000-of-00001.parquet", "ai2_arc/ARC-Easy/validation.parquet",
        "datasets--allenai--ai2_arc/snapshots/210d026faf9955653af8916fad021475a3f00453/ARC-Easy/validation-00000-of-00001.parquet",
        "allenai___ai2_arc/ARC-Easy/0.0.0/210d026faf9955653af8916fad021475a3f00453/ai2_arc-validation.arrow"})
    void findsASplitWhereverItMayBe(String file) throws IOException {
        put(file, file.replace("validation", "test"), "arc_challenge/validation.jsonl");
        assertEquals(file, find("validation"));
        assertEquals("none", find("train"));
    }

    @Test
    void takesThePartsInOrder() throws IOException {
        put("arc_easy/train-00001-of-00002.parquet", "arc_easy/train-00000-of-00002.parquet", "arc_easy/notrain.jsonl");
        assertEquals("arc_easy/train-00000-of-00002.parquet arc_easy/train-00001-of-00002.parquet", find("train"));
    }

    @Test
    void takesTheConfigurationsFilesOnly() throws IOException {
        put("ai2_arc/ARC-Challenge/test.parquet");
        assertEquals("none", find("test"));
        put("ai2_arc/ARC-Easy/test.parquet");
        assertEquals("ai2_arc/ARC-Easy/test.parquet", find("test"));
    }

    @Test
    void takesTheSnapshotThatTheCacheUses() throws IOException {
        put("datasets--allenai--ai2_arc/snapshots/aa/ARC-Easy/test.parquet",
                "datasets--allenai--ai2_arc/snapshots/bb/ARC-Easy/test.parquet");
        Files.createDirectories(folder.resolve("datasets--allenai--ai2_arc/refs"));
        for (String name : List.of("aa", "bb")) {
            Files.writeString(folder.resolve("datasets--allenai--ai2_arc/refs/main"), name);
            assertEquals("datasets--allenai--ai2_arc/snapshots/" + name + "/ARC-Easy/test.parquet", find("test"));
        }
    }

    @Test
    void takesOneOfTwoFormats() throws IOException {
        put("arc_easy/test.jsonl", "arc_easy/test.parquet");
        assertEquals("arc_easy/test.jsonl", find("test"));
    }

    @Test
    void takesOneOfTwoNamesForJsonLines() throws IOException {
        put("arc_easy/test.json", "arc_easy/test.jsonl", "arc_easy/test.jsonl.gz");
        assertEquals("arc_easy/test.json", find("test"));
    }

    @Test
    void followsLinks() throws IOException {
        put("elsewhere/test.jsonl", "ai2_arc/blobs/1.jsonl");
        Files.createSymbolicLink(folder.resolve("arc_easy"), folder.resolve("elsewhere"));
        assertEquals("arc_easy/test.jsonl", find("test"));
        Files.createSymbolicLink(folder.resolve("ai2_arc/ARC-Easy"), folder.resolve("elsewhere"));
        Files.delete(folder.resolve("arc_easy"));
        assertEquals("ai2_arc/ARC-Easy/test.jsonl", find("test"));
    }

    /** Otherwise the rows of another split, or of another place, would be scored instead. */
    @Test
    void linksToNothingAreNamed() throws IOException {
        put("arc_easy/validation.jsonl", "allenai/ai2_arc/ARC-Easy/test.jsonl");
        Files.createSymbolicLink(folder.resolve("arc_easy/test.jsonl"), Path.of("nowhere.jsonl"));
        DataSplit split = DataFolder.open(folder).findFirst("arc_easy", ARC, List.of("test", "validation"));
        assertEquals("the data file " + folder.resolve("arc_easy/test.jsonl") + " is a link to nowhere.jsonl, which is not there:"
                + " mend or delete the link", assertThrows(InvalidInputException.class, split::rows).getMessage());
        Files.createSymbolicLink(folder.resolve("other"), Path.of("nowhere"));
        assertEquals(folder.resolve("other") + " is a link to nowhere, which is not there: mend or delete the link",
                assertThrows(InvalidInputException.class, () -> DataFolder.open(folder).find("other", List.of(), "test")).getMessage());
    }

    @Test
    void aLinkIntoItselfIsNamed() throws IOException {
        put("arc_easy/test.jsonl");
        Files.createSymbolicLink(folder.resolve("arc_easy/again"), folder.resolve("arc_easy"));
        assertEquals(folder.resolve("arc_easy/again") + " is a link to a folder that it lies in: delete the link",
                assertThrows(InvalidInputException.class, () -> find("test")).getMessage());
    }

    @Test
    void aFolderNamedLikeASplitIsNamed() throws IOException {
        put("arc_easy/test.jsonl/part-0.jsonl");
        DataSplit split = DataFolder.open(folder).find("arc_easy", ARC, "test").orElseThrow();
        assertEquals(folder.resolve("arc_easy/test.jsonl") + " is a folder: name a file",
                assertThrows(InvalidInputException.class, split::rows).getMessage());
    }

    @Test
    void takesTheNextBestSplit() throws IOException {
        put("arc_easy/validation.jsonl");
        assertEquals("validation", DataFolder.open(folder).findFirst("arc_easy", ARC, List.of("test", "validation")).name());
    }

    @Test
    void saysWhatIsMissing() {
        String message = assertThrows(InvalidInputException.class,
                () -> DataFolder.open(folder).findFirst("arc_easy", ARC, List.of("test", "validation"))).getMessage();
        assertEquals("no data for 'arc_easy' in " + folder + ": put " + folder.resolve("arc_easy/test.jsonl") + " there, or Parquet"
                + " or Arrow files of allenai/ai2_arc (looked for the splits test, validation)", message);
        assertTrue(assertThrows(InvalidInputException.class, () -> DataFolder.open(folder.resolve("no"))).getMessage()
                .contains("is not there"));
    }
}
