package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
class UnitStoreTest {

    private static final List<String> ARGUMENTS = List.of("--seed=1", "units: 2");

    @TempDir
    private Path folder;

    private UnitStore store;
    private Path unit;

    @BeforeEach
    void open() throws IOException {
        store = new UnitStore(Storage.of(new Configuration()), folder.resolve("out").toString());
        unit = Files.createDirectories(folder.resolve("unit/train")).getParent();
        Files.writeString(unit.resolve("manifest.json"), "{}");
        Files.writeString(unit.resolve("train/part-00000.npy"), "12345");
    }

    private String refusal(List<String> arguments) {
        return assertThrows(RefusedException.class, () -> store.begin(arguments)).getMessage().replace(folder + "/", "");
    }

    @Test
    void theFolderIsOfOnePreparation() throws IOException {
        store.begin(ARGUMENTS);
        store.begin(ARGUMENTS);
        assertEquals("out holds an unfinished preparation with other arguments (--seed=1, now --seed=2): use the same arguments to go on, or another"
                + " folder", refusal(List.of("--seed=2", "units: 2")));
        assertTrue(refusal(List.of("--seed=1")).contains("(units: 2, now nothing)"));
        store.clear();
        assertFalse(store.isFinished());
        store.begin(ARGUMENTS);
        store.finish("t", "m");
        store.begin(ARGUMENTS); // the process ended before it could clean up
        assertTrue(store.isFinished());
        store.clear();
        assertEquals("out holds prepared data already: choose another folder, or delete it", refusal(ARGUMENTS));
        Files.delete(folder.resolve("out/manifest.json"));
        assertEquals("the output folder out exists and is not empty: choose another, or delete it", refusal(ARGUMENTS));
    }

    @Test
    void aUnitCountsWhenItIsWholeAndOfTheseInputs() throws IOException {
        store.begin(ARGUMENTS);
        assertFalse(store.isComplete(1, "inputs"));
        store.put(1, 7, "inputs", unit);
        assertTrue(store.isComplete(1, "inputs"));
        assertEquals("cannot go on: an input file of unit-00001, which had been read, has changed since then; delete the output folder and start"
                + " again", assertThrows(RefusedException.class, () -> store.isComplete(1, "others")).getMessage());
        Path shard = Path.of(store.folder(1)).resolve("train/part-00000.npy");
        assertEquals("12345", Files.readString(shard));
        Files.writeString(shard, "1234");
        assertFalse(store.isComplete(1, "inputs"));
        Files.delete(shard);
        assertFalse(store.isComplete(1, "inputs"));
        store.put(1, 8, "inputs", unit);
        assertTrue(store.isComplete(1, "inputs"));
        store.put(1, 9, "inputs", unit); // another attempt that was slower
        assertTrue(store.isComplete(1, "inputs") && store.folder(1).endsWith("unit-00001.9"));
        Files.writeString(folder.resolve("out/.unfinished/unit-00001.complete"), "");
        assertFalse(store.isComplete(1, "inputs"));
    }

    @Test
    void filesAreMovedOnce() throws IOException {
        store.begin(ARGUMENTS);
        store.put(0, 1, "inputs", unit);
        assertFalse(store.isJoining());
        store.beginJoining();
        assertTrue(store.isJoining());
        String from = store.folder(0) + "/train/part-00000.npy";
        store.move(from, "train/part-00004.npy");
        store.move(from, "train/part-00004.npy");
        assertEquals("12345", Files.readString(folder.resolve("out/train/part-00004.npy")));
        Files.delete(folder.resolve("out/train/part-00004.npy"));
        assertTrue(assertThrows(RefusedException.class, () -> store.move(from, "train/part-00004.npy")).getMessage()
                .endsWith("out/train/part-00004.npy is not there, but had been written; delete the output folder and start again"));
    }
}
