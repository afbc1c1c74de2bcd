package ai.spattention.spark;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * What a program for spark-submit gave, run in this process on a local master.
 *
 * @param code the exit code
 * @param err what it and its children said
 */
record Submission(int code, String err) {

    /** Spark's settings of a submission, besides the master. */
    private static final Map<String, String> SETTINGS = Map.of("spark.ui.enabled", "false", "spark.driver.host", "localhost",
            "spark.driver.bindAddress", "127.0.0.1", "spark.master.rest.enabled", "false");

    static Submission run(String master, Callable<Integer> program, String... arguments) {
        SETTINGS.forEach(System::setProperty);
        System.setProperty("spark.master", master);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            int code = Program.run(program, arguments);
            return new Submission(code, said.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
    }

    /** The last line that was said. */
    String lastLine() {
        return err.strip().lines().reduce("", (one, next) -> next);
    }

    /** The class path by which children run this build's {@code spattn}. */
    static String spattn() throws IOException {
        return System.getProperty("spattn.classes") + File.pathSeparator + Files.readString(Path.of(System.getProperty("spattn.classpath"))).strip();
    }

    /** A program that stands for {@code spattn}. */
    static Path script(Path file, String... lines) throws IOException {
        Files.write(file, List.of("#!/bin/sh", String.join("\n", lines)));
        if (!file.toFile().setExecutable(true)) {
            throw new IOException(file + " cannot be made executable");
        }
        return file;
    }

    /** Runs this build's {@code spattn} as a process. */
    static void spattn(String... arguments) throws IOException {
        try (ChildProcess child = ChildProcess.start("local", new SpattnCommand(spattn()).with(List.of(arguments)), Map.of())) {
            ChildProcess.Ending ending = child.await(() -> false);
            if (ending.exitCode() != 0) {
                throw new AssertionError(ending);
            }
        }
    }
}
