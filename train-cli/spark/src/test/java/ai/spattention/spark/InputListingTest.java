package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

@DisabledForJreRange(minVersion = 24, disabledReason = "the Hadoop of Spark 3.5 and 4.0 asks for what Java 24 has removed")
class InputListingTest {

    @TempDir
    private Path folder;

    private InputListing listing;

    @BeforeEach
    void write() throws IOException {
        listing = new InputListing(Storage.of(new Configuration()));
        for (String name : List.of("in/b.txt", "in/a/c.txt", "in/.hidden", "in/.git/d.txt", "in/a.jsonl", "in/[x].txt", "held/e.txt", "in/t\tab")) {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.writeString(folder.resolve(name), name);
        }
    }

    private List<String> find(String set, String... inputs) throws IOException {
        return listing.find(set, List.of(inputs).stream().map(input -> folder + "/" + input).toList()).stream()
                .map(file -> file.name().replace(folder + "/", "") + " " + file.bytes()).toList();
    }

    private String refusal(String set, String... inputs) {
        return assertThrows(RefusedException.class, () -> find(set, inputs)).getMessage().replace(folder + "/", "");
    }

    @Test
    void foldersFilesAndPatternsAreListedByName() throws IOException {
        Files.delete(folder.resolve("in/t\tab"));
        assertEquals(List.of("in/[x].txt 10", "in/a.jsonl 10", "in/a/c.txt 10", "in/b.txt 8"), find("", "in"));
        assertEquals(folder.resolve("in").toString(), listing.holder(folder.resolve("in/out").toString()));
        assertNull(listing.holder(folder.resolve("in2").toString()));
        write();
        assertEquals(List.of("in/[x].txt 10", "in/b.txt 8"), find("", "in/*.txt", "in/b.txt"));
    }

    @Test
    void whatCannotBeMeantIsRefused() throws IOException {
        assertEquals("there is no file or folder absent, and no file matches it as a pattern", refusal("", "absent"));
        assertEquals("there is no file or folder in/*.parquet, and no file matches it as a pattern", refusal("", "in/*.parquet"));
        assertEquals("'in/**.txt' crosses folders, which Hadoop's patterns do not: name the folder", refusal("", "in/**.txt"));
        assertEquals("'in/t\tab' has a tab or a line break in its name: rename it", refusal("", "in"));
        find("wiki", "held", "in/b.txt");
        assertEquals("held/e.txt is in two held-out sets, wiki and books: name it once", refusal("books", "held/e.txt"));
        assertEquals("in/b.txt is held out as 'wiki' and is in the input, too: what measures a model must not be learnt from; name inputs without"
                + " it", refusal("", "in/b.txt"));
    }
}
