package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SocketCollectives;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills one of two processes that do nothing but write checkpoints together, each of them once, at moments that nobody chose. */
class KilledRankTest {

    private static final int RANKS = 2;
    private static final int STEPS_OF_A_ROUND = 3;
    private static final Shape SHAPE = new Shape(3, 1000);

    @TempDir
    private Path temporary;

    @Test
    void whicheverRankIsKilledWhatWasWrittenBeforeIsThere() throws Exception {
        Random random = new Random(11);
        Path folder = temporary.resolve("checkpoints");
        long last = 0;
        for (int victim = 0; victim < RANKS; victim++) {
            Path log = temporary.resolve("log" + victim);
            List<Process> ranks = new ArrayList<>(List.of(start(folder, 0, 0, last, log)));
            try {
                awaitLines(ranks.get(0), log, 1);
                int port = Integer.parseInt(lines(log).get(0));
                ranks.add(start(folder, 1, port, last, temporary.resolve("log-of-1")));
                awaitLines(ranks.get(0), log, 1 + STEPS_OF_A_ROUND);
                ranks.get(0).waitFor(random.nextInt(20), TimeUnit.MILLISECONDS);
                ranks.get(victim).destroyForcibly(); // SIGKILL
                assertEquals(137, ranks.get(victim).waitFor(), errors());
                assertNotEquals(0, ranks.get(1 - victim).waitFor(), "the other one ends by itself");
            } finally {
                ranks.forEach(Process::destroyForcibly);
            }
            List<String> written = lines(log);
            long announced = Long.parseLong(written.get(written.size() - 1));
            long newest = newest(folder);
            assertTrue(newest == announced || newest == announced + 1, "announced " + announced + ", found " + newest);
            last = newest;
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            CheckpointStore store = new CheckpointStore(folder, 2);
            store.save(CheckpointFolder.state(last + 1), part(manager, 0, 1, last + 1), part(manager, 0, 1, -last - 1));
            assertEquals(List.of(last, last + 1), store.steps());
            try (var left = Files.list(folder)) {
                assertEquals(2, left.count(), "what the kills left is cleared away");
            }
        }
    }

    private String errors() throws IOException {
        return Files.readString(temporary.resolve("errors"));
    }

    private Process start(Path folder, int rank, int port, long last, Path log) throws IOException {
        return new ProcessBuilder(ProcessHandle.current().info().command().orElse("java"), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), KilledRankTest.class.getName(),
                folder.toString(), Integer.toString(rank), Integer.toString(port), Long.toString(last))
                .redirectError(ProcessBuilder.Redirect.appendTo(temporary.resolve("errors").toFile())).redirectOutput(log.toFile()).start();
    }

    private void awaitLines(Process process, Path log, int count) throws Exception {
        while (process.isAlive() && lines(log).size() < count) {
            process.waitFor(5, TimeUnit.MILLISECONDS);
        }
        assertFalse(lines(log).size() < count, errors());
    }

    /** Whole lines. */
    private static List<String> lines(Path log) throws IOException {
        String text = Files.readString(log);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    private static long newest(Path folder) throws IOException {
        CheckpointStore.Checkpoint newest = new CheckpointStore(folder, 2).newest(any -> { }).orElseThrow();
        long step = newest.state().step();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch"); SlicedTensors model = SlicedTensors.open(newest.model());
                SlicedTensors optimizer = SlicedTensors.open(newest.optimizer())) {
            float[] expected = new float[(int) SHAPE.size()];
            Arrays.fill(expected, step);
            assertArrayEquals(expected, model.read(manager, "w", SHAPE).toFloatArray());
            Arrays.fill(expected, -step);
            assertArrayEquals(expected, optimizer.read(manager, "w", SHAPE).toFloatArray());
        }
        return step;
    }

    private static SafetensorsWriter part(NDManager manager, int rank, int ranks, float value) {
        SafetensorsWriter part = new SafetensorsWriter();
        for (RankSlices.Slice slice : RankSlices.of(new long[] {SHAPE.size()}, rank, ranks)) {
            new TensorSlice("w", SHAPE, slice.begin(), slice.end()).addTo(part, TensorType.F32,
                    () -> manager.ones(new Shape(slice.end() - slice.begin())).muli(value));
        }
        return part;
    }

    /** A rank: checkpoints without end. Rank 0 says the port, and what is written. */
    public static void main(String[] arguments) throws IOException {
        int rank = Integer.parseInt(arguments[1]);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Collectives ranks = rank == 0 ? SocketCollectives.first(RANKS, KilledRankTest::say)
                        : SocketCollectives.other(rank, RANKS, Integer.parseInt(arguments[2]))) {
            CheckpointStore store = new CheckpointStore(Path.of(arguments[0]), 2, 0, ranks);
            for (long step = Long.parseLong(arguments[3]) + 1; ; step++) {
                store.save(CheckpointFolder.state(step), part(manager, rank, RANKS, step), part(manager, rank, RANKS, -step));
                if (rank == 0) {
                    say(step);
                }
            }
        }
    }

    private static void say(long number) {
        System.out.println(number);
    }
}
