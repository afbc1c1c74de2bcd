package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.data.source.SourceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreparationTest {

    private static final int BLOCK = 6000;

    @TempDir
    private Path folder;

    private PreparationSettings settings(double validation, long seed, long shardTokens) {
        return new PreparationSettings(List.of(folder.resolve("in").toString()), Map.of(), "text", DocumentSeparator.NONE, validation,
                seed, shardTokens);
    }

    private Path prepare(String name, PreparationSettings settings, int threads, PreparationListener listener)
            throws IOException {
        Path output = folder.resolve(name);
        try (ByteTokenizer bytes = new ByteTokenizer()) {
            new Preparation(settings, bytes, threads, BLOCK, Duration.ZERO).run(output, listener);
        }
        return output;
    }

    private Path prepare(String name, PreparationSettings settings) throws IOException {
        return prepare(name, settings, 2, StopAfter.never());
    }

    private String refusal(String name, PreparationSettings settings) {
        return assertThrows(InvalidInputException.class, () -> prepare(name, settings)).getMessage()
                .replace(folder + "/", "");
    }

    /** Files of every kind; documents d0 ... d599, one of them longer than any block. */
    private Set<String> writeInputs() throws IOException {
        Set<String> documents = new HashSet<>();
        for (int file = 0; file < 6; file++) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 100; i++) {
                int number = 100 * file + i;
                String text = "d" + number + " " + "word ".repeat(number * 37 % 23) + (number == 251 ? "long ".repeat(4000) : "") + "end";
                lines.append("{\"id\": \"n,").append(number).append("\", \"text\": \"").append(text).append("\"}\n");
                documents.add(text + "$");
            }
            lines.append("{\"text\": \" \"}\n");
            SourceFiles.write(folder.resolve("in/" + file + List.of(".jsonl", ".jsonl.gz", ".jsonl.zst").get(file % 3)),
                    lines.toString());
        }
        SourceFiles.write(folder.resolve("in/plain.txt"), "a plain\nfile");
        documents.add("a plain\nfile$");
        return documents;
    }

    @Test
    void everyDocumentIsWrittenOnceWithItsMetadata() throws IOException {
        Set<String> expected = writeInputs();
        Path output = prepare("out", settings(0.1, 0, 5000));
        List<String> train = PreparedFiles.documents(output, Split.TRAIN);
        List<String> validation = PreparedFiles.documents(output, Split.VALIDATION);

        // the long document crosses shards and has a row in each
        List<String> whole = new ArrayList<>(train);
        int first = train.indexOf(train.stream().filter(text -> text.startsWith("d251")).findFirst().orElseThrow());
        int last = first;
        while (!train.get(last).endsWith("$")) {
            last++;
        }
        List<String> pieces = whole.subList(first, last + 1);
        String joined = String.join("", pieces);
        pieces.clear();
        whole.add(joined);
        assertTrue(last - first >= 4);

        List<String> all = new ArrayList<>(whole);
        all.addAll(validation);
        assertEquals(expected.size(), all.size());
        assertEquals(expected, new HashSet<>(all));
        assertTrue(validation.size() > 30 && validation.size() < 95, "held out: " + validation.size());

        Manifest manifest = PreparedData.open(output).manifest();
        assertEquals(expected.size(), manifest.documents(Split.TRAIN) + manifest.documents(Split.VALIDATION));
        assertEquals("6", manifest.settings().get("empty_documents"));
        for (Manifest.Shard shard : manifest.shards(Split.TRAIN)) {
            assertTrue(shard.tokens() <= 5000, shard.toString());
            MessageDigest digest = Sha256.digest();
            digest.update(Files.readAllBytes(output.resolve(shard.file())));
            assertEquals(Sha256.hex(digest), shard.sha256());
        }
        assertTrue(manifest.shards(Split.TRAIN).size() > 5);
        List<String> rows = PreparedFiles.rows(output.resolve("train/part-00000.csv.gz"));
        assertTrue(rows.stream().anyMatch(row -> row.matches("\\d+,\\d+,\"n,(\\d+)\",.*/in/\\d\\.jsonl(\\.gz|\\.zst)?,\\d+")),
                rows.get(0));
        assertFalse(Files.exists(output.resolve(Preparation.WORK)));
    }

    @Test
    void threadsDoNotMatterAndTheSeedDoes() throws IOException {
        Set<String> expected = writeInputs();
        Path one = prepare("one", settings(0.1, 3, 5000), 1, StopAfter.never());
        Path four = prepare("four", settings(0.1, 3, 5000), 4, StopAfter.never());
        assertEquals(PreparedFiles.contents(one), PreparedFiles.contents(four));
        Path other = prepare("other", settings(0.1, 4, 1 << 20));
        List<String> order = PreparedFiles.documents(prepare("whole", settings(0.1, 3, 1 << 20)), Split.TRAIN);
        List<String> otherOrder = PreparedFiles.documents(other, Split.TRAIN);
        assertNotEquals(order, otherOrder);
        assertEquals(new HashSet<>(order), new HashSet<>(otherOrder)); // the same documents are held out
        assertTrue(expected.containsAll(order));
        int neighbours = 0;
        for (int i = 1; i < order.size(); i++) {
            neighbours += number(order.get(i)) == number(order.get(i - 1)) + 1 ? 1 : 0;
        }
        assertTrue(neighbours < 30, "neighbours still side by side: " + neighbours);
    }

    private static int number(String document) {
        return document.startsWith("d") ? Integer.parseInt(document.substring(1, document.indexOf(' '))) : -10;
    }

    @Test
    void aPreparationThatStoppedAnywhereGoesOn() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        StopAfter counter = StopAfter.never();
        Path whole = prepare("whole", settings, 2, counter);
        assertTrue(counter.done() > 12);
        for (int stop = 1, before = 1; stop <= counter.done(); stop += before, before = stop - before) {
            String name = "stopped-" + stop;
            StopAfter crash = new StopAfter(stop);
            assertThrows(StopAfter.Crash.class, () -> prepare(name, settings, 2, crash));
            assertFalse(Files.exists(folder.resolve(name).resolve(Manifest.FILE)));
            spoilWhatIsNotSafe(folder.resolve(name));
            StopAfter rest = StopAfter.never();
            prepare(name, settings, 1, rest);
            assertEquals(counter.done() - stop, rest.done(), "goes on after block " + stop);
            assertTrue(rest.tokensBefore() > 0);
            assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve(name)), "stopped after block " + stop);
        }
    }

    /** What a process that was killed later would have left behind. */
    private static void spoilWhatIsNotSafe(Path output) throws IOException {
        for (String name : List.of("train/part-99999.npy", "train/part-99999.csv.gz", "validation/part-99999.npy")) {
            Files.writeString(output.resolve(name), "junk");
        }
        PreparationState state = PreparationState.read(output.resolve(Preparation.WORK)).orElseThrow();
        Path open = output.resolve(String.format("train/part-%05d.npy", state.progress(Split.TRAIN).shards().size()));
        Files.writeString(open, "junk", StandardOpenOption.APPEND);
        Path table = output.resolve(Preparation.WORK).resolve(String.format("train-part-%05d.csv", state.progress(Split.TRAIN).shards().size()));
        Files.writeString(table, "junk", StandardOpenOption.APPEND);
    }

    @Test
    void anUnfinishedFolderIsKeptForTheSameArguments() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        assertThrows(StopAfter.Crash.class, () -> prepare("out", settings, 2, new StopAfter(5)));
        assertEquals("out holds an unfinished preparation with another --seed (1, now 2): use the same arguments to go on,"
                + " or another folder", refusal("out", settings(0.1, 2, 3000)));
        assertTrue(refusal("out", settings(0.2, 1, 3000)).contains("another --validation-fraction (0.1, now 0.2)"));
        assertTrue(refusal("out", settings(0.1, 1, 4000)).contains("another --shard-tokens (3000, now 4000)"));
        SourceFiles.write(folder.resolve("in/new.txt"), "new");
        assertTrue(refusal("out", settings).contains("another list of input files (7 files"));
        Files.delete(folder.resolve("in/new.txt"));
        Files.delete(folder.resolve("out/train/part-00000.npy"));
        assertTrue(refusal("out", settings).startsWith("cannot go on: out/train/part-00000.npy is not there"));
    }

    @Test
    void inputsThatChangedMeanwhileAreRefused() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0, 1, 3000);
        StopAfter counter = StopAfter.never();
        prepare("whole", settings, 2, counter);
        for (int stop : new int[] {2, counter.done() - 1}) { // in an open file, and in one that had been read
            assertThrows(StopAfter.Crash.class, () -> prepare("out" + stop, settings, 2, new StopAfter(stop)));
        }
        for (int file = 0; file < 6; file++) {
            String name = "in/" + file + List.of(".jsonl", ".jsonl.gz", ".jsonl.zst").get(file % 3);
            SourceFiles.write(folder.resolve(name), "{\"text\": \"new\"}\n".repeat(200));
        }
        assertTrue(refusal("out2", settings).matches("cannot go on: .*changed.*; delete the output folder and start again"));
        assertTrue(refusal("out" + (counter.done() - 1), settings).startsWith("cannot go on: "));
    }

    @Test
    void aBadLineStopsAndTheRestGoesOnOnceItIsMended() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        Path bad = folder.resolve("in/3.jsonl");
        String good = Files.readString(bad);
        String broken = good.replace("{\"id\": \"n,377\"", "{\"id\": 'n,377'");
        assertNotEquals(good, broken);
        Path whole = prepare("whole", settings);
        Files.writeString(bad, broken);
        assertTrue(refusal("out", settings).startsWith("in/3.jsonl line 78 is not valid JSON: "));
        assertFalse(Files.exists(folder.resolve("out/manifest.json")));
        assertTrue(refusal("out", settings).startsWith("in/3.jsonl line 78 "));
        Files.writeString(bad, good);
        StopAfter rest = StopAfter.never();
        prepare("out", settings, 2, rest);
        assertTrue(rest.tokensBefore() > 5000, "kept " + rest.tokensBefore() + " tokens");
        assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve("out")));
    }

    @Test
    void aFileThatIsGoneMeanwhileIsNamedAndMayComeBack() throws IOException {
        for (int i = 0; i < 10; i++) {
            SourceFiles.write(folder.resolve("in/" + i + ".txt"), ("text " + i + " ").repeat(900));
        }
        PreparationSettings settings = settings(0, 1, 3000);
        Path whole = prepare("whole", settings);
        Path last = folder.resolve("in/" + new SequenceOrder(10, 1, 0).at(9) + ".txt");
        String text = Files.readString(last);
        String message = assertThrows(InvalidInputException.class,
                () -> prepare("out", settings, 2, atBeginning(() -> Files.delete(last)))).getMessage();
        assertEquals(last + " is not there any more: put it back and start again", message);
        Files.writeString(last, text);
        StopAfter rest = StopAfter.never();
        prepare("out", settings, 2, rest);
        assertTrue(rest.tokensBefore() > 0);
        assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve("out")));
    }

    /** Does something once the files have been listed and before they are read. */
    private static PreparationListener atBeginning(Executable action) {
        return new PreparationListener() {
            @Override
            public void begin(long bytesDone, long bytesTotal, long tokensDone) {
                assertDoesNotThrow(action);
            }

            @Override
            public void progress(long bytesDone, long textBytes) {
                // goes on
            }
        };
    }

    /** The open table is led to a device that is always full. */
    @Test
    void aFullDiskIsNamedAndTheRestGoesOnOnceThereIsSpace() throws IOException {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "this system has no device that is always full");
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        Path whole = prepare("whole", settings);
        Path file = folder.resolve("out/.unfinished/train-part-00005.csv");
        String message = assertThrows(InvalidInputException.class,
                () -> prepare("out", settings, 2, atBeginning(() -> Files.createSymbolicLink(file, full)))).getMessage();
        assertTrue(message.startsWith("the disk is full: cannot write " + folder.resolve("out")), message);
        Files.deleteIfExists(file);
        StopAfter rest = StopAfter.never();
        prepare("out", settings, 2, rest);
        assertTrue(rest.tokensBefore() > 0);
        assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(folder.resolve("out")));
    }

    @Test
    void aFinishedOrForeignFolderIsRefused() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        prepare("out", settings);
        assertEquals("out holds prepared data already: choose another folder, or delete it", refusal("out", settings));
        SourceFiles.write(folder.resolve("other/file"), "x");
        assertEquals("the output folder other exists and is not empty: choose another, or delete it", refusal("other", settings));
        assertEquals("other/file is a file: --output must name a folder", refusal("other/file", settings));
        Files.createDirectories(folder.resolve("empty"));
        prepare("empty", settings);
    }

    /** The manifest was written, and the process ended before it could clean up. */
    @Test
    void whatWasLeftToCleanUpIsCleanedUp() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        assertThrows(StopAfter.Crash.class, () -> prepare("out", settings, 2, new StopAfter(5)));
        Path work = folder.resolve("out").resolve(Preparation.WORK);
        byte[] state = Files.readAllBytes(work.resolve("state.json"));
        prepare("out", settings);
        var finished = PreparedFiles.contents(folder.resolve("out"));
        Files.write(Files.createDirectories(work).resolve("state.json"), state);
        assertTrue(refusal("out", settings(0.1, 2, 3000)).contains("another --seed"));
        prepare("out", settings);
        assertEquals(finished, PreparedFiles.contents(folder.resolve("out")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "lock", "train-part-00000.csv"})
    void whatAProcessKilledAtItsVeryEndLeftIsCleanedUp(String left) throws IOException {
        writeInputs();
        prepare("out", settings(0.1, 1, 3000));
        var finished = PreparedFiles.contents(folder.resolve("out"));
        Path work = Files.createDirectories(folder.resolve("out").resolve(Preparation.WORK));
        if (!left.isEmpty()) {
            Files.createFile(work.resolve(left));
        }
        assertTrue(refusal("out", settings(0.1, 1, 3000)).contains("holds prepared data already"));
        assertFalse(Files.exists(work));
        assertEquals(finished, PreparedFiles.contents(folder.resolve("out")));
    }

    @Test
    void aStateThatWasChangedIsRefusedAndLosesNoDocument() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        assertThrows(StopAfter.Crash.class, () -> prepare("out", settings, 2, new StopAfter(5)));
        Path file = folder.resolve("out").resolve(Preparation.WORK).resolve("state.json");
        String state = Files.readString(file);
        for (String[] change : new String[][] {{"\"draws\":", "\"draws\":1"}, {"\"empty_documents\":", "\"empty_documents\":7"},
            {"\"draws\":", "\"draws\":\"1\",\"x\":"}, {"\"sha256\":\"", "\"sha256\":\"0"}, {state, ""}, {state, "null"}}) {
            Files.writeString(file, state.replace(change[0], change[1]));
            String message = refusal("out", settings);
            assertTrue(message.contains("state.json is damaged (") && message.endsWith("start again"), message);
        }
        Files.writeString(file, state.replace("\"format_version\":3", "\"format_version\":4"));
        assertTrue(refusal("out", settings).contains("has format version 4, this program goes on from version 3"));
        Files.writeString(file, state);
        prepare("out", settings);
        prepare("whole", settings);
        assertEquals(PreparedFiles.contents(folder.resolve("whole")), PreparedFiles.contents(folder.resolve("out")));
    }

    @Test
    void aSecondProcessIsKeptOut() throws IOException {
        writeInputs();
        Path work = Files.createDirectories(folder.resolve("out").resolve(Preparation.WORK));
        FolderLock lock = FolderLock.take(work.resolve("lock"), folder.resolve("out"));
        assertEquals("another process is writing to out: wait for it, or choose another place",
                refusal("out", settings(0, 0, 3000)));
        lock.close();
        prepare("out", settings(0, 0, 3000));
    }

    @ParameterizedTest
    @CsvSource({"in, true", "in/new, true", "in/a/b/new, true", "link/new, true", "in/linked/new, true", "new, false",
        "in/.new, false", "in/.hidden/new, false"})
    void anOutputThatWouldBeReadTheNextTimeIsRefused(String name, boolean refused) throws IOException {
        SourceFiles.write(folder.resolve("in/a/text"), "some text");
        Files.createSymbolicLink(folder.resolve("link"), folder.resolve("in"));
        Files.createDirectories(folder.resolve("far"));
        Files.createSymbolicLink(folder.resolve("in/linked"), folder.resolve("far"));
        if (!refused) {
            prepare(name, settings(0, 0, 3000));
            return;
        }
        assertEquals("--output " + name + " lies in the input, where its files would be read as text the next time: name a folder"
                + " elsewhere", refusal(name, settings(0, 0, 3000)));
        assertEquals(List.of("a", "linked"), Stream.of(folder.resolve("in").toFile().list()).sorted().toList());
    }

    @Test
    void whatAUserPutThereStaysWhenNothingIsLearnt() throws IOException {
        SourceFiles.write(folder.resolve("in/a.jsonl"), "{\"text\": \"\"}\n");
        Path mine = folder.resolve("out/train/part-mine.txt");
        assertThrows(InvalidInputException.class, () -> prepare("out", settings(0, 0, 3000), 1,
                atBeginning(() -> SourceFiles.write(mine, "mine"))));
        assertEquals("mine", Files.readString(mine));
        assertFalse(Files.exists(folder.resolve("out/.unfinished")));
    }

    @Test
    void shardsAreNotWrittenThroughALink() throws IOException {
        writeInputs();
        PreparationSettings settings = settings(0.1, 1, 3000);
        Path other = prepare("other", settings);
        var before = PreparedFiles.contents(other);
        assertThrows(StopAfter.Crash.class, () -> prepare("out", settings, 2, new StopAfter(5)));
        Files.move(folder.resolve("out/train"), folder.resolve("moved"));
        Files.createSymbolicLink(folder.resolve("out/train"), other.resolve("train"));
        String message = refusal("out", settings);
        assertTrue(message.startsWith("out/train is a symbolic link"), message);
        assertEquals(before, PreparedFiles.contents(other));
    }

    @Test
    void nothingToLearnFromIsRefusedAndLeavesNothing() throws IOException {
        SourceFiles.write(folder.resolve("in/a.jsonl"), "{\"text\": \"\"}\n{\"text\": \" \\n\"}\n");
        assertEquals("there is no text to learn from: the input holds 2 documents, all of them empty",
                refusal("out", settings(0, 0, 3000)));
        SourceFiles.write(folder.resolve("in/a.jsonl"), "{\"text\": \"only\"}\n");
        assertEquals("there is no text to learn from: all 1 documents are held out for validation; lower --validation-fraction",
                refusal("out", settings(0.999999, 0, 3000)));
        prepare("out", settings(0, 0, 3000));
    }

    @Test
    void theEndOfTextInADocumentDoesNotEndIt() throws IOException {
        SourceFiles.write(folder.resolve("in/a.txt"), "x<|endoftext|>y");
        Path output = prepare("out", settings(0, 0, 3000));
        assertEquals(List.of("x<|endoftext|>y$"), PreparedFiles.documents(output, Split.TRAIN));
    }

    @Test
    void largeVocabulariesGetFourBytes() throws IOException {
        SourceFiles.write(folder.resolve("in/a.txt"), "ab");
        FakeTokenizer large = new FakeTokenizer(100_278, 70_000, OptionalInt.of(100_257));
        PreparedData data = new Preparation(settings(0, 0, 3000), large, 1).run(folder.resolve("out"), StopAfter.never());
        assertEquals(TokenWidth.UINT32, data.manifest().dtype());
        assertArrayEquals(new long[] {70_097, 70_098, 100_257},
                PreparedFolders.ids(folder.resolve("out/train/part-00000.npy"), 4));
    }

    @Test
    void aTokenizerWithoutAnEndIsRefused() throws IOException {
        SourceFiles.write(folder.resolve("in/a.txt"), "ab");
        FakeTokenizer endless = new FakeTokenizer(300, 0, OptionalInt.empty());
        assertEquals("tokenizer fake has no token that ends a document: name its id with --eos-id",
                assertThrows(InvalidInputException.class, () -> new Preparation(settings(0, 0, 3000), endless, 1)
                        .run(folder.resolve("out"), StopAfter.never())).getMessage());
    }

    private PreparationSettings heldOut(Map<String, List<String>> sets) {
        Map<String, List<String>> paths = new LinkedHashMap<>();
        sets.forEach((name, files) -> paths.put(name, files.stream().map(file -> folder.resolve(file).toString()).toList()));
        return new PreparationSettings(List.of(folder.resolve("in").toString()), paths, "text", DocumentSeparator.NONE, 0, 7, 30_000);
    }

    @Test
    void heldOutSetsLieBesideWhatIsLearntFrom() throws IOException {
        Set<String> expected = writeInputs();
        SourceFiles.write(folder.resolve("held/a.jsonl"), "{\"text\": \"first\"}\n{\"text\": \" \"}\n{\"text\": \"s\u00e9cond\"}\n");
        SourceFiles.write(folder.resolve("held/b.txt"), "third");
        Map<String, List<String>> sets = new LinkedHashMap<>();
        sets.put("wiki", List.of("held/a.jsonl"));
        sets.put("validation", List.of("held/b.txt"));
        PreparationSettings settings = heldOut(sets);
        Path output = prepare("out", settings);
        assertEquals(expected, new HashSet<>(PreparedFiles.documents(output, Split.TRAIN)));
        assertEquals(List.of("third$"), PreparedFiles.documents(output, Split.VALIDATION));
        assertEquals(2, PreparedFiles.documents(output, Split.heldOut("wiki")).size());
        Manifest manifest = PreparedData.open(output).manifest();
        assertEquals(List.of(Split.VALIDATION, Split.heldOut("wiki")), manifest.heldOut());
        assertEquals(5, manifest.textBytes(Split.VALIDATION).orElseThrow());
        assertEquals(12, manifest.textBytes(Split.heldOut("wiki")).orElseThrow());
        assertEquals(12.0 / 14, manifest.bytesPerToken(Split.heldOut("wiki")).orElseThrow());
        assertEquals(expected.stream().mapToLong(text -> text.length() - 1).sum(), manifest.textBytes(Split.TRAIN).orElseThrow());
        assertEquals("7", manifest.settings().get("empty_documents"));
        DataVerification.verify(PreparedData.open(output));
        for (int blocks = 1; blocks < 8; blocks++) {
            String name = "cut" + blocks;
            int after = blocks;
            assertThrows(StopAfter.Crash.class, () -> prepare(name, settings, 2, new StopAfter(after)));
            prepare(name, settings);
            assertEquals(PreparedFiles.contents(output), PreparedFiles.contents(folder.resolve(name)), "stopped after block " + blocks);
        }
    }

    @Test
    void aSetThatCannotMeasureIsRefused() throws IOException {
        writeInputs();
        SourceFiles.write(folder.resolve("blank.txt"), " \n");
        SourceFiles.write(folder.resolve("held.txt"), "text");
        assertEquals("the held-out set 'a' holds no text: all of its documents are empty; name other files for it",
                refusal("out", heldOut(Map.of("a", List.of("blank.txt")))));
        assertFalse(Files.exists(folder.resolve("out/train")));
        assertEquals("in/plain.txt is held out as 'a' and is in the input, too: what measures a model must not be learnt from; name"
                + " inputs without it", refusal("out", heldOut(Map.of("a", List.of("in/plain.txt")))));
        Map<String, List<String>> twice = new LinkedHashMap<>();
        twice.put("a", List.of("held.txt"));
        twice.put("b", List.of("held.txt"));
        assertEquals("held.txt is in two held-out sets, a and b: name it once", refusal("out", heldOut(twice)));
        assertTrue(assertThrows(InvalidInputException.class, () -> heldOut(Map.of("../a", List.of("held.txt")))).getMessage()
                .endsWith("and not 'train' (got '../a')"));
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertEquals("--validation-fraction must be at least 0 and less than 1 (got NaN)",
                assertThrows(InvalidInputException.class, () -> settings(Double.NaN, 0, 1)).getMessage());
        assertEquals("--shard-tokens must be at least 1 (got 0)",
                assertThrows(InvalidInputException.class, () -> settings(0, 0, 0)).getMessage());
        assertEquals("--threads must be at least 1 (got 0)", assertThrows(InvalidInputException.class,
                () -> prepare("out", settings(0, 0, 1), 0, StopAfter.never())).getMessage());
    }
}
