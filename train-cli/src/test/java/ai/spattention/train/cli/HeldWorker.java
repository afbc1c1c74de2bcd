package ai.spattention.train.cli;

import ai.djl.Device;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.run.OrderedRuns;
import ai.spattention.train.study.run.RunExecutor;
import ai.spattention.train.study.run.TrainingExecutor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * A study's worker on the processor: prepared data, and a folder of files by the names of runs. Where there is one, the run is held in the middle:
 * {@code ARM-SEED.kill} until it is killed, by itself; {@code ARM-SEED.hold} until it is asked to stop. Of that it tells by {@code ARM-SEED.held},
 * which has its number among the machine's processes.
 */
final class HeldWorker {

    private static final int STEPS = 7;

    private HeldWorker() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        TrainingExecutor training = new TrainingExecutor(PreparedData.open(Path.of(arguments[0])), Device.cpu());
        Path marks = Path.of(arguments[1]);
        RunExecutor held = (run, folder, stop) -> training.run(run, folder, held(run, marks, stop));
        OrderedRuns.work(held, new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), System.out::println);
    }

    private static BooleanSupplier held(PlannedRun run, Path marks, BooleanSupplier stop) {
        String name = run.arm() + "-" + run.seed();
        int[] asked = {0};
        return () -> {
            if (++asked[0] == STEPS) {
                try {
                    hold(name, marks, stop);
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return stop.getAsBoolean();
        };
    }

    private static void hold(String name, Path marks, BooleanSupplier stop) throws IOException, InterruptedException {
        long pid = ProcessHandle.current().pid();
        if (Files.deleteIfExists(marks.resolve(name + ".kill"))) {
            new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor();
            Thread.sleep(Long.MAX_VALUE);
        }
        if (Files.deleteIfExists(marks.resolve(name + ".hold"))) {
            Path told = marks.resolve(name + ".held");
            Files.move(Files.writeString(marks.resolve(name + ".new"), Long.toString(pid)), told);
            while (!stop.getAsBoolean()) {
                Thread.sleep(5);
            }
            Files.delete(told);
        }
    }
}
