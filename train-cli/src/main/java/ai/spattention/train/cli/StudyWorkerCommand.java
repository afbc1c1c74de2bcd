package ai.spattention.train.cli;

import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.study.run.OrderedRuns;
import ai.spattention.train.study.run.TrainingExecutor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Does a study's runs on one of several devices. */
@Command(name = "study-worker", hidden = true, mixinStandardHelpOptions = true,
        description = "Do the runs of a study that come as lines; 'study' calls it for each of several devices.")
final class StudyWorkerCommand implements Callable<Integer> {

    @Mixin
    private DeviceOption device;

    @Option(names = "--shards", required = true, paramLabel = "DIR", description = "Prepared data, verified by 'study'.")
    private Path data;

    @ParentCommand
    private Main main;

    @Override
    public Integer call() throws IOException, InterruptedException {
        TrainingExecutor executor = new TrainingExecutor(PreparedData.open(data), device.device());
        OrderedRuns.work(executor, new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), main.plainOut()::println);
        return 0;
    }
}
