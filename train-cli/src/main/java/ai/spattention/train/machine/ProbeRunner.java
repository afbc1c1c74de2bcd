package ai.spattention.train.machine;

import ai.spattention.train.config.DeviceRequest;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Has probes run in a process of their own; when one ends the process, another process goes on with the next. */
final class ProbeRunner {

    private final DeviceRequest device;
    private final List<String> java;

    ProbeRunner(DeviceRequest device) {
        this(device, JavaCommand.of(ProbeProcess.class, "-XX:+SuppressFatalErrorMessage")); // no report of a crash in the user's folder
    }

    /**
     * Creates a runner.
     *
     * @param device the device that was asked for
     * @param java the command whose further arguments are the device and the names of probes
     */
    ProbeRunner(DeviceRequest device, List<String> java) {
        this.device = device;
        this.java = java;
    }

    /**
     * Runs probes.
     *
     * @param names their names
     * @return what was found, one check a name
     * @throws IOException if no process can be started
     */
    List<Check> run(List<String> names) throws IOException {
        List<Check> found = new ArrayList<>();
        while (found.size() < names.size()) {
            List<String> left = names.subList(found.size(), names.size());
            String end = runProcess(left, found);
            if (found.size() < names.size() && !isBroken(found)) {
                String crashed = names.get(found.size());
                found.add(Check.failed(crashed, "the process ended while this was tried: " + end,
                        "PyTorch's libraries do not fit this machine or each other: delete their folder and run 'spattn gpu-natives',"
                                + " or use --device cpu", true));
            }
            if (isBroken(found)) {
                String reason = "not tried: " + (found.get(0).isFine() ? "the device is not there" : "PyTorch does not load");
                names.subList(found.size(), names.size()).forEach(name -> found.add(Check.absent(name, reason, "", true)));
            }
        }
        return found;
    }

    /** Without the engine or the device, the rest would only say the same again. */
    private static boolean isBroken(List<Check> found) {
        return found.stream().limit(2).anyMatch(check -> !check.isFine());
    }

    /** Runs a process until it ends, or until what was found says that the rest is in vain. */
    private String runProcess(List<String> names, List<Check> found) throws IOException {
        List<String> command = new ArrayList<>(java);
        command.add(device.toString());
        command.addAll(names);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        // a driver that hangs must not hang the doctor
        CompletableFuture.delayedExecutor(10, TimeUnit.MINUTES).execute(process::destroyForcibly);
        String last = "";
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith(ProbeProcess.FOUND)) {
                    found.add(new ObjectMapper().readValue(line.substring(ProbeProcess.FOUND.length()), Check.class));
                    if (isBroken(found)) {
                        break;
                    }
                } else if (!line.startsWith(ProbeProcess.BEGIN) && !line.isBlank()) {
                    last = line.strip();
                }
            }
            if (isBroken(found)) {
                process.destroyForcibly();
            }
            int code = process.waitFor();
            return (code > 128 ? "signal " + (code - 128) : "exit code " + code) + (last.isEmpty() ? "" : ", last words: " + last);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while probes were running");
        } finally {
            process.destroyForcibly();
        }
    }
}
