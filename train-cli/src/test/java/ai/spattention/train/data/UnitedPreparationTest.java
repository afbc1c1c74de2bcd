package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.data.source.SourceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnitedPreparationTest {

    private static final int BLOCK = 4000;
    private static final long UNIT_BYTES = 9_000;

    @TempDir
    private Path folder;

    private PreparationSettings settings(double validation, long seed, Map<String, List<String>> heldOut) {
        return new PreparationSettings(List.of(folder.resolve("in").toString()), heldOut, "text", DocumentSeparator.NONE, validation, seed, 3000);
    }

    private PreparationSettings settings() {
        return settings(0.1, 1, Map.of());
    }

    private Path prepare(String name, PreparationSettings settings, int workers, PreparationListener listener) throws IOException {
        Path output = folder.resolve(name);
        try (ByteTokenizer bytes = new ByteTokenizer()) {
            Preparation preparation = new Preparation(settings, bytes, 1, BLOCK, Duration.ZERO);
            new UnitedPreparation(settings, bytes, preparation, preparation, workers, UNIT_BYTES).run(output, listener);
        }
        return output;
    }

    private Path prepare(String name) throws IOException {
        return prepare(name, settings(), 2, StopAfter.never());
    }

    private String refusal(String name, PreparationSettings settings) {
        return assertThrows(InvalidInputException.class, () -> prepare(name, settings, 2, StopAfter.never())).getMessage()
                .replace(folder + "/", "");
    }

    /** Files of every kind and of sizes that do not divide evenly; each text once, but one in two files. */
    private Set<String> writeInputs() throws IOException {
        Set<String> documents = new HashSet<>();
        for (int file = 0; file < 9; file++) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 40 + 13 * file; i++) {
                String text = file + " d" + i + " " + "word ".repeat((file + i * 37) % 23) + "end";
                lines.append("{\"id\": \"n").append(i).append("\", \"text\": \"").append(text).append("\"}\n");
                documents.add(text + "$");
            }
            lines.append("{\"text\": \" \"}\n{\"text\": \"in all of them\"}\n");
            SourceFiles.write(folder.resolve("in/" + file + List.of(".jsonl", ".jsonl.gz", ".jsonl.zst").get(file % 3)), lines.toString());
        }
        SourceFiles.write(folder.resolve("in/plain.txt"), "a plain\nfile");
        documents.add("a plain\nfile$");
        documents.add("in all of them$");
        return documents;
    }

    private static List<String> all(Path output) throws IOException {
        List<String> all = new ArrayList<>(PreparedFiles.documents(output, Split.TRAIN));
        all.addAll(PreparedFiles.documents(output, Split.VALIDATION));
        return all;
    }

    @Test
    void anyNumberOfWorkersWritesTheSame() throws IOException {
        Set<String> expected = writeInputs();
        Path one = prepare("one", settings(), 1, StopAfter.never());
        assertEquals(PreparedFiles.contents(one), PreparedFiles.contents(prepare("two", settings(), 2, StopAfter.never())));
        assertEquals(PreparedFiles.contents(one), PreparedFiles.contents(prepare("three", settings(), 3, StopAfter.never())));
        assertEquals(PreparedFiles.contents(one), PreparedFiles.contents(prepare("many", settings(), 99, StopAfter.never())));
        assertFalse(Files.exists(one.resolve(Preparation.WORK)));

        List<String> documents = all(one);
        assertEquals(expected.size() + 8, documents.size());
        assertEquals(expected, new HashSet<>(documents));
        PreparedData data = PreparedData.open(one);
        DataVerification.verify(data);
        Manifest manifest = data.manifest();
        assertTrue(Integer.parseInt(manifest.settings().get("units")) >= 3, manifest.settings().toString());
        assertEquals("9", manifest.settings().get("empty_documents"));
        assertEquals(documents.stream().mapToLong(text -> text.length() - 1).sum(), Long.parseLong(manifest.settings().get("text_bytes")));
        assertEquals(PreparedFiles.documents(one, Split.VALIDATION).stream().mapToLong(text -> text.length() - 1).sum(),
                manifest.textBytes(Split.VALIDATION).orElseThrow());

        // the same documents are held out as in one unit, whatever unit they come in, and a text that occurs often is on one side
        Path whole = folder.resolve("whole");
        try (ByteTokenizer bytes = new ByteTokenizer()) {
            new UnitedPreparation(settings(), bytes, 2, 3, UnitCut.DEFAULT_BYTES).run(whole, StopAfter.never());
        }
        assertEquals(new HashSet<>(PreparedFiles.documents(whole, Split.VALIDATION)),
                new HashSet<>(PreparedFiles.documents(one, Split.VALIDATION)));
        assertFalse(PreparedData.open(whole).manifest().settings().containsKey("units"));
        Path plain = folder.resolve("plain");
        try (ByteTokenizer bytes = new ByteTokenizer()) {
            new Preparation(settings(), bytes, 1).run(plain, StopAfter.never());
        }
        assertEquals(PreparedFiles.contents(plain), PreparedFiles.contents(whole));
    }

    @Test
    void theSeedMixesFilesOverUnits() throws IOException {
        writeInputs();
        Path one = prepare("one");
        Path other = prepare("other", settings(0.1, 2, Map.of()), 2, StopAfter.never());
        assertNotEquals(PreparedFiles.documents(one, Split.TRAIN), PreparedFiles.documents(other, Split.TRAIN));
        assertEquals(new HashSet<>(all(one)), new HashSet<>(all(other)));
    }

    @Test
    void heldOutSetsAreOfTheWhole() throws IOException {
        Set<String> expected = writeInputs();
        SourceFiles.write(folder.resolve("held/a.jsonl"), "{\"text\": \"first\"}\n{\"text\": \" \"}\n{\"text\": \"s\u00e9cond\"}\n");
        SourceFiles.write(folder.resolve("held/b.txt"), "third");
        Map<String, List<String>> sets = new LinkedHashMap<>();
        sets.put("wiki", List.of(folder.resolve("held/a.jsonl").toString()));
        sets.put("validation", List.of(folder.resolve("held/b.txt").toString()));
        PreparationSettings settings = settings(0, 7, sets);
        Path output = prepare("out", settings, 3, StopAfter.never());
        assertEquals(expected, new HashSet<>(PreparedFiles.documents(output, Split.TRAIN)));
        assertEquals(List.of("third$"), PreparedFiles.documents(output, Split.VALIDATION));
        Manifest manifest = PreparedData.open(output).manifest();
        assertEquals(List.of(Split.VALIDATION, Split.heldOut("wiki")), manifest.heldOut());
        assertEquals(2, manifest.documents(Split.heldOut("wiki")));
        assertEquals(12, manifest.textBytes(Split.heldOut("wiki")).orElseThrow());
        assertEquals("10", manifest.settings().get("empty_documents"));
        assertEquals(PreparedFiles.contents(output), PreparedFiles.contents(prepare("again", settings, 1, StopAfter.never())));
    }

    @Test
    void whatStoppedAnywhereGoesOn() throws IOException {
        writeInputs();
        StopAfter counter = StopAfter.never();
        Path whole = prepare("whole", settings(), 1, counter);
        for (int stop = 1; stop <= counter.done(); stop += 3) {
            String name = "stopped-" + stop;
            StopAfter crash = new StopAfter(stop);
            int workers = 1 + stop % 3;
            assertThrows(StopAfter.Crash.class, () -> prepare(name, settings(), workers, crash));
            assertFalse(Files.exists(folder.resolve(name).resolve(Manifest.FILE)));
            StopAfter rest = StopAfter.never();
            prepare(name, settings(), 2, rest);
            assertTrue(rest.done() <= counter.done() - stop, rest.done() + " blocks after " + stop + " of " + counter.done());
            assertTrue(rest.tokensBefore() > 0);
            assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve(name)), "stopped after block " + stop);
        }
    }

    /** Stops when all units are complete, before anything is moved. */
    private Path stopBeforeJoining(String name) throws IOException {
        Path output = folder.resolve(name);
        StopAfter counter = StopAfter.never();
        prepare("counted-" + name, settings(), 1, counter);
        assertThrows(StopAfter.Crash.class, () -> prepare(name, settings(), 1, new StopAfter(counter.done())));
        Path work = output.resolve(Preparation.WORK);
        assertTrue(UnitFolder.all(work).size() >= 3);
        return work;
    }

    @Test
    void aDamagedUnitIsPreparedAnew() throws IOException {
        writeInputs();
        Path whole = prepare("whole");
        List<String> damages = List.of("a bit", "a byte less", "no shard", "no table", "no mark", "no manifest");
        for (String damage : damages) {
            Path unit = UnitFolder.of(stopBeforeJoining(damage), 0).path();
            Path shard = unit.resolve("train/part-00000.npy");
            byte[] bytes = Files.readAllBytes(shard);
            switch (damage) {
                case "a bit" -> {
                    bytes[100] ^= 1;
                    Files.write(shard, bytes);
                }
                case "a byte less" -> Files.write(shard, java.util.Arrays.copyOf(bytes, bytes.length - 1));
                case "no shard" -> Files.delete(shard);
                case "no table" -> Files.delete(unit.resolve("train/part-00000.csv.gz"));
                case "no mark" -> Files.delete(unit.resolve("complete"));
                default -> {
                    for (Path each : UnitFolder.all(unit.getParent())) {
                        Files.deleteIfExists(each.resolve("complete"));
                    }
                }
            }
            prepare(damage);
            assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve(damage)), damage);
        }
    }

    @Test
    void changedInputsAndOtherArgumentsAreRefused() throws IOException {
        writeInputs();
        stopBeforeJoining("out");
        assertTrue(refusal("out", settings(0.1, 2, Map.of())).contains("with another --seed (1, now 2)"));
        try (ByteTokenizer bytes = new ByteTokenizer()) {
            for (long unitBytes : new long[] {UNIT_BYTES / 2, UnitCut.DEFAULT_BYTES}) {
                String message = assertThrows(InvalidInputException.class, () -> new UnitedPreparation(settings(), bytes, 1, 1, unitBytes)
                        .run(folder.resolve("out"), StopAfter.never())).getMessage();
                assertTrue(message.contains("with another list of input files ("), message);
            }
        }
        Path file = folder.resolve("in/0.jsonl");
        FileTime before = Files.getLastModifiedTime(file);
        Files.setLastModifiedTime(file, FileTime.fromMillis(before.toMillis() + 5000));
        String message = refusal("out", settings());
        assertTrue(message.matches("cannot go on: an input file .*has changed since then; delete the output folder and start again"), message);
        Files.setLastModifiedTime(file, before);
        prepare("out");
    }

    @Test
    void aBadLineStopsAllUnitsAndTheRestGoesOnOnceItIsMended() throws IOException {
        writeInputs();
        Path whole = prepare("whole");
        Path bad = folder.resolve("in/6.jsonl");
        String good = Files.readString(bad);
        Files.writeString(bad, good.replace("{\"id\": \"n70\"", "{\"id\": 'n70'"));
        assertTrue(refusal("out", settings()).startsWith("in/6.jsonl line 71 is not valid JSON: "));
        Files.writeString(bad, good);
        StopAfter rest = StopAfter.never();
        prepare("out", settings(), 3, rest);
        assertTrue(rest.tokensBefore() > 0);
        assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve("out")));
    }

    /** Some shards were moved, and the process ended. */
    @Test
    void aStoppedJoinGoesOn() throws IOException {
        writeInputs();
        Path whole = prepare("whole");
        Path work = stopBeforeJoining("out");
        prepareUnitsOnly(work);
        Files.createDirectories(folder.resolve("out/train"));
        Files.writeString(work.resolve(PreparationFolder.JOINING), "");
        for (String name : List.of("part-00000.npy", "part-00000.csv.gz")) {
            Files.move(UnitFolder.of(work, 0).path().resolve("train").resolve(name), folder.resolve("out/train").resolve(name),
                    StandardCopyOption.ATOMIC_MOVE);
        }
        Path taken = folder.resolve("taken");
        Files.move(folder.resolve("out/train/part-00000.npy"), taken);
        assertEquals("cannot go on: out/train/part-00000.npy is not there, but had been written; delete the output folder and start again",
                refusal("out", settings()));
        Files.move(taken, folder.resolve("out/train/part-00000.npy"));
        prepare("out");
        assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve("out")));
    }

    /** Ends the last unit, which the last block's listener had stopped. */
    private void prepareUnitsOnly(Path work) throws IOException {
        PreparationInputs inputs = PreparationInputs.find(settings());
        List<PreparationInputs> units = inputs.units(settings().seed(), UNIT_BYTES);
        try (ByteTokenizer bytes = new ByteTokenizer()) {
            for (int unit = 0; unit < units.size(); unit++) {
                Path own = UnitFolder.of(work, unit).path();
                if (!Files.exists(own.resolve(Manifest.FILE))) {
                    new Preparation(settings(), bytes, 1, BLOCK, Duration.ZERO).runUnit(units.get(unit), own, StopAfter.never());
                }
            }
        }
    }

    @Test
    void aUnitMayBeEmptyButNotTheWhole() throws IOException {
        for (int i = 0; i < 4; i++) {
            SourceFiles.write(folder.resolve("in/" + i + ".jsonl"), "{\"text\": \"\"}\n".repeat(500));
        }
        assertEquals("there is no text to learn from: the input holds 2000 documents, all of them empty", refusal("out", settings()));
        assertFalse(Files.exists(folder.resolve("out")));
        SourceFiles.write(folder.resolve("in/2.jsonl"), "{\"text\": \"only\"}\n".repeat(500));
        Path output = prepare("out", settings(0, 0, Map.of()), 2, StopAfter.never());
        assertEquals("1500", PreparedData.open(output).manifest().settings().get("empty_documents"));
        assertEquals(500, PreparedData.open(output).manifest().documents(Split.TRAIN));
    }

    @Test
    void progressIsOfAllUnitsTogether() throws IOException {
        writeInputs();
        List<Long> done = new ArrayList<>();
        List<Long> total = new ArrayList<>();
        prepare("out", settings(), 3, new PreparationListener() {
            @Override
            public void begin(long bytesDone, long bytesTotal, long tokensDone) {
                total.add(bytesTotal);
            }

            @Override
            public void progress(long bytesDone, long textBytes) {
                done.add(bytesDone);
            }
        });
        assertEquals(List.of(PreparationInputs.find(settings()).bytes()), total);
        assertEquals(done.stream().sorted().toList(), done);
        assertEquals(total.get(0), done.get(done.size() - 1));
    }

    @Test
    void noWorkerIsRefused() {
        assertEquals("--workers must be at least 1 (got 0)", assertThrows(InvalidInputException.class,
                () -> prepare("out", settings(), 0, StopAfter.never())).getMessage());
    }
}
