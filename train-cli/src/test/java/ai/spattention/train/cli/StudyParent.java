package ai.spattention.train.cli;

import ai.spattention.train.cli.session.StudySession;
import ai.spattention.train.cli.session.StudyWorkers;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.study.run.WorkerExecutor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code study} does for two devices, with any workers: the study, its folder, then their command. */
final class StudyParent {

    private StudyParent() {}

    public static void main(String[] arguments) throws IOException {
        ConfigSource config = ConfigSource.file(Path.of(arguments[0]));
        StudySession session = StudySession.prepare(config, Path.of(arguments[1]), Optional.empty(), Optional.empty());
        List<String> worker = List.of(arguments).subList(2, arguments.length);
        int code;
        try (StudyWorkers workers = new StudyWorkers(List.of(worker("first", worker), worker("second", worker)))) {
            code = session.run(workers, Optional.empty(), new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        }
        System.exit(code);
    }

    private static WorkerExecutor worker(String name, List<String> command) {
        return new WorkerExecutor(name, command, Map.of(), System.err::println);
    }

    /** Java for a small program that starts fast. */
    static List<String> command(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m",
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }
}
