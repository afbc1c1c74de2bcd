package ai.spattention.train.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs programs of this machine. */
@FunctionalInterface
interface Commands {

    /** This machine's programs. */
    Commands SYSTEM = Commands::runProgram;

    /**
     * What a program gave.
     *
     * @param code its exit code
     * @param output standard output and standard error
     */
    record Result(int code, String output) {

        /** The first line of the output, without a terminal's colours. */
        String firstLine() {
            return output.replaceAll("\u001b\\[[\\d;]*m", "").strip().lines().findFirst().orElse("exit code " + code);
        }
    }

    /**
     * Runs a program to its end.
     *
     * @param command the program and its arguments
     * @return what it gave, or empty if there is no such program
     */
    Optional<Result> run(String... command);

    private static Optional<Result> runProgram(String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            // a driver that hangs must not hang the doctor
            CompletableFuture.delayedExecutor(1, TimeUnit.MINUTES).execute(process::destroyForcibly);
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Optional.of(new Result(process.waitFor(), output));
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
