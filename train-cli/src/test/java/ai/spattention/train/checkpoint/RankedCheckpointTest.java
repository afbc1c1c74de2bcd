package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.MortalCollectives;
import ai.spattention.train.distributed.TurnCollectives;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that several ranks write and read; ranks are threads. */
class RankedCheckpointTest {

    private static final List<String> NAMES = List.of("a", "b");
    private static final List<Shape> SHAPES = List.of(new Shape(3, 700), new Shape(1500));

    @TempDir
    private Path folder;

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private CheckpointStore store(Collectives ranks) {
        return new CheckpointStore(folder, 2, 0, ranks);
    }

    private NDArray values(int tensor, long step) {
        return manager.arange((int) SHAPES.get(tensor).size()).add(10_000 * tensor).toType(DataType.FLOAT32, false)
                .add(step / 8f);
    }

    /** A rank's part of the two tensors. */
    private SafetensorsWriter part(Collectives ranks, long step) {
        SafetensorsWriter part = new SafetensorsWriter();
        for (RankSlices.Slice slice : RankSlices.of(new long[] {2100, 1500}, ranks.rank(), ranks.size())) {
            new TensorSlice(NAMES.get(slice.index()), SHAPES.get(slice.index()), slice.begin(), slice.end()).addTo(part, TensorType.F32,
                    () -> values(slice.index(), step).get(slice.begin() + ":" + slice.end()));
        }
        return part;
    }

    private Path save(Collectives ranks, long step) throws IOException {
        return store(ranks).save(CheckpointFolder.state(step), part(ranks, step), part(ranks, -step));
    }

    private Path save(int ranks, long step) throws Exception {
        List<Path> written = TurnCollectives.run(ranks, own -> save(own, step));
        assertEquals(1, Set.copyOf(written).size());
        return written.get(0);
    }

    /** The step that all of some ranks find, its tensors checked; and what they tell. */
    private long newest(int ranks, List<String> told) throws Exception {
        List<Long> found = TurnCollectives.run(ranks, own -> {
            CheckpointStore.Checkpoint checkpoint = store(own).newest(told::add).orElseThrow();
            long step = checkpoint.state().step();
            assertEquals(CheckpointFolder.state(step), checkpoint.state());
            try (SlicedTensors model = SlicedTensors.open(checkpoint.model()); SlicedTensors optimizer = SlicedTensors.open(checkpoint.optimizer())) {
                for (int i = 0; i < 2; i++) {
                    float[] expected = values(i, step).toFloatArray();
                    assertArrayEquals(expected, model.read(manager, NAMES.get(i), SHAPES.get(i)).toFloatArray());
                    assertArrayEquals(Arrays.copyOfRange(expected, 1000, 1100), model.read(manager, NAMES.get(i), 1000, 1100).toFloatArray());
                    assertArrayEquals(values(i, -step).toFloatArray(), optimizer.read(manager, NAMES.get(i), SHAPES.get(i)).toFloatArray());
                }
            }
            return step;
        });
        assertEquals(1, Set.copyOf(found).size(), "all ranks find the same");
        return found.get(0);
    }

    private long newest(int ranks) throws Exception {
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        long step = newest(ranks, told);
        assertEquals(List.of(), told);
        return step;
    }

    private static Set<String> names(Path in) throws IOException {
        try (var entries = Files.list(in)) {
            return new TreeSet<>(entries.map(entry -> entry.getFileName().toString()).toList());
        }
    }

    @Test
    void anyNumberOfRanksReadsWhatAnyNumberWrote() throws Exception {
        long step = 0;
        for (int writers : new int[] {4, 2, 1, 5}) {
            Path written = save(writers, ++step);
            for (int readers : new int[] {1, 2, 4}) {
                assertEquals(step, newest(readers));
            }
            Set<String> expected = new TreeSet<>(List.of("manifest.json", "state.json"));
            for (int rank = 1; rank <= writers; rank++) {
                String suffix = writers == 1 ? "" : "-0000" + rank + "-of-0000" + writers;
                expected.add("model" + suffix + ".safetensors");
                expected.add("optimizer" + suffix + ".safetensors");
            }
            assertEquals(expected, names(written));
            for (String name : expected) {
                if (name.endsWith(".safetensors")) {
                    SafetensorsFile.open(written.resolve(name)).close();
                }
            }
        }
        assertEquals(Set.of("step-00000003", "step-00000004"), names(folder), "files of ranks go with their checkpoint");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aMissingOrDamagedRankIsNamedAndTheOlderCheckpointUsed(int readers) throws Exception {
        save(4, 1);
        Path newer = save(4, 2);
        for (String name : names(newer)) {
            Path file = newer.resolve(name);
            byte[] content = Files.readAllBytes(file);
            Files.delete(file);
            List<String> told = Collections.synchronizedList(new ArrayList<>());
            assertEquals(1, newest(readers, told));
            assertEquals(List.of("warning: checkpoint step-00000002 is skipped: " + name + " is missing"), told);
            byte[] flipped = content.clone();
            flipped[content.length / 2] ^= 4;
            Files.write(file, flipped);
            told.clear();
            assertEquals(1, newest(readers, told));
            assertEquals(1, told.size(), "by rank 0 alone: " + told);
            assertTrue(name.equals("manifest.json") || told.get(0).equals("warning: checkpoint step-00000002 is skipped: " + name
                    + " is not what was written: its digest differs from the manifest's"), told.get(0));
            Files.write(file, content);
        }
        assertEquals(2, newest(readers));
    }

    @Test
    void allRanksRefuseALaterVersion() throws Exception {
        Path state = save(2, 1).resolve("state.json");
        String before = Sha256.of(List.of(state));
        Files.writeString(state, Files.readString(state).replace("\"format_version\" : 2", "\"format_version\" : 3"));
        Path manifest = state.resolveSibling("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace(before, Sha256.of(List.of(state))));
        for (var ended : TurnCollectives.tryAll(3, own -> store(own).newest(any -> { }))) {
            String message = assertInstanceOf(InvalidInputException.class, ended.failure().orElseThrow()).getMessage();
            assertTrue(message.startsWith("cannot go on from the checkpoint " + state.getParent()), message);
        }
    }

    /** Each rank ends at each moment at which it is about to meet the others; in between, files of ranks are half there. */
    @Test
    void whicheverRankDiesWheneverAWholeCheckpointIsThere() throws Exception {
        save(3, 1);
        List<Integer> meetings = TurnCollectives.run(3, own -> {
            MortalCollectives counting = new MortalCollectives(own, Integer.MAX_VALUE);
            save(counting, 2);
            return counting.meetings();
        });
        long last = 2;
        for (int rank = 0; rank < 3; rank++) {
            for (int meeting = 0; meeting < meetings.get(rank); meeting++) {
                int dying = rank;
                int most = meeting;
                long next = last + 1;
                var ended = TurnCollectives.tryAll(3, own -> save(own.rank() == dying ? new MortalCollectives(own, most) : own, next));
                assertTrue(ended.get(dying).failure().isPresent());
                long found = newest(1);
                assertTrue(found == last || found == next && meeting == meetings.get(rank) - 1, "rank " + rank + ", meeting " + meeting + ": " + found);
                last = found;
            }
        }
        save(2, last + 1);
        assertEquals(last + 1, newest(3));
        assertEquals(2, names(folder).size(), "nothing half written is left");
    }

    @Test
    void aFullDiskOfOneRankEndsAllAndEarlierCheckpointsStay() throws Exception {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "this system has no device that is always full");
        save(3, 1);
        Path half = folder.resolve("step-00000002.tmp/optimizer-00002-of-00003.safetensors");
        var ended = TurnCollectives.tryAll(3, own -> {
            SafetensorsWriter model = part(own, 2);
            if (own.rank() == 1) {
                model.add("sabotage", TensorType.F32, new Shape(0), () -> {
                    try {
                        Files.createSymbolicLink(half, full);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    return manager.create(new Shape(0));
                });
            }
            return store(own).save(CheckpointFolder.state(2), model, part(own, -2));
        });
        for (int rank = 0; rank < 3; rank++) {
            String reason = "the disk is full: cannot write " + half + "; free some space or choose another folder";
            assertEquals(rank == 1 ? reason : "rank 1 of 3 could not write the checkpoint of step 2: " + reason,
                    assertInstanceOf(InvalidInputException.class, ended.get(rank).failure().orElseThrow()).getMessage());
        }
        assertEquals(Set.of("step-00000001"), names(folder));
        assertEquals(1, newest(2));
    }

    @Test
    void anyOtherFailureOfOneRankEndsAll() throws Exception {
        save(2, 1);
        var ended = TurnCollectives.tryAll(2, own -> store(own).save(CheckpointFolder.state(2), own.rank() == 0 ? part(own, 2)
                : new SafetensorsWriter().add("a", TensorType.F32, new Shape(1), () -> {
                    throw new IllegalStateException("the device is gone");
                }), part(own, -2)));
        assertEquals("rank 1 of 2 could not write the checkpoint of step 2: the device is gone",
                assertInstanceOf(IOException.class, ended.get(0).failure().orElseThrow()).getMessage());
        assertEquals("the device is gone", ended.get(1).failure().orElseThrow().getMessage());
        assertEquals(1, newest(2));
    }

    @Test
    void whatAKilledRankLeftIsCleared() throws Exception {
        Files.createDirectories(folder.resolve("step-00000007.tmp/sub"));
        Files.createFile(folder.resolve(".shared-123"));
        save(2, 1);
        assertEquals(Set.of("step-00000001"), names(folder));
    }

    @Test
    void aFolderThatIsNotSharedIsRefused() throws Exception {
        Path shared = folder.resolve("shared");
        Path other = folder.resolve("other");
        for (var ended : TurnCollectives.tryAll(3, own -> {
            new CheckpointStore(own.rank() == 2 ? other : shared, 1, 0, own).requireShared();
            return true;
        })) {
            String message = assertInstanceOf(InvalidInputException.class, ended.failure().orElseThrow()).getMessage();
            assertTrue(message.startsWith("rank 2 does not see the folder "), message);
        }
        TurnCollectives.run(3, own -> {
            new CheckpointStore(shared, 1, 0, own).requireShared();
            return true;
        });
        assertFalse(Files.exists(shared), "nothing is left");
        Files.writeString(shared, "mine");
        for (var ended : TurnCollectives.tryAll(2, own -> {
            new CheckpointStore(shared, 1, 0, own).requireShared();
            return true;
        })) {
            assertInstanceOf(InvalidInputException.class, ended.failure().orElseThrow());
        }
    }

    /** Written in a thread of its own, and made current together later. */
    @Test
    void whatIsWrittenBehindIsNotThereBeforeAllRanksHaveMet() throws Exception {
        save(2, 1);
        TurnCollectives.run(2, own -> {
            CheckpointStore store = store(own);
            try (CheckpointWriting writing = store.begin(CheckpointFolder.state(2))) {
                writing.write(part(own, 2), part(own, -2));
                own.barrier();
                assertEquals(List.of(1L), store.steps());
                own.barrier();
                assertEquals(folder.resolve("step-00000002"), writing.publish(() -> { }));
            }
            return true;
        });
        assertEquals(2, newest(1));
    }
}
