package ai.spattention.train.study.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.measure.WindowMeans;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.result.HeldOutLoss;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.run.RunAnswer.Kind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class OrderedRunsTest {

    @TempDir
    private Path folder;

    private static RunResult result() {
        Moments nats = Moments.of(2.0, 3.0);
        return new RunResult(RunResult.VERSION, "breadth", "sp", 1, "digest", "data", 3, 10, 20, 10,
                Map.of("validation", new HeldOutLoss(nats, 4, WindowMeans.of(List.of(nats)))), List.of(), List.of(), 5, "cpu");
    }

    @Test
    void eachOrderIsAnsweredUntilTheyEnd() throws Exception {
        PlannedRun run = new PlannedRun("breadth", "sp", 1, RunConfigLoader.load(ConfigSource.of("quickstart"),
                List.of("data.path=däta", "schedule.warmup_steps=2", "training.steps=3", "model.attention_pattern=sp", "validation.probes=[loss,position]")), "digest");
        Files.writeString(folder.resolve(StudyFolder.RUN_CONFIG), RunConfigWriter.toYaml(run.config()));
        List<PlannedRun> asked = new ArrayList<>();
        RunExecutor executor = (given, own, stop) -> {
            asked.add(given);
            return switch (asked.size()) {
                case 1 -> Optional.of(result());
                case 2 -> Optional.empty();
                case 3 -> throw new IllegalStateException("not finite");
                case 4 -> throw new InvalidInputException("other data");
                default -> throw new IOException("no disk");
            };
        };
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        try (PipedWriter orders = new PipedWriter(); PipedReader read = new PipedReader(orders)) {
            FutureTask<Void> work = new FutureTask<>(() -> {
                OrderedRuns.work(executor, new BufferedReader(read), answers::add);
                return null;
            });
            new Thread(work, "worker").start();
            for (RunAnswer expected : List.of(new RunAnswer(Kind.DONE, ""), new RunAnswer(Kind.STOPPED, ""), new RunAnswer(Kind.FAILED, "not finite"),
                    new RunAnswer(Kind.REFUSED, "other data"), new RunAnswer(Kind.BROKEN, "no disk"))) {
                orders.write(RunOrder.of(run, folder).line() + "\n");
                orders.flush();
                assertEquals(Optional.of(expected), RunAnswer.read(answers.take()));
            }
            Files.delete(folder.resolve(StudyFolder.RUN_CONFIG));
            orders.write(RunOrder.of(run, folder).line() + "\n");
            orders.flush();
            assertEquals(Kind.REFUSED, RunAnswer.read(answers.take()).orElseThrow().kind());
            orders.close();
            work.get();
        }
        assertEquals(List.of(run, run, run, run, run), asked, "configurations come as they were");
    }
}
