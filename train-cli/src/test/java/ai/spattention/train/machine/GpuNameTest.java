package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.Device;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GpuNameTest {

    private static final Duration LONG = Duration.ofMinutes(1);

    private static Optional<String> ask(String script, Duration timeout) {
        return GpuName.ask(List.of("sh", "-c", script), timeout);
    }

    @Test
    void takesTheFirstLine() {
        assertEquals(Optional.of("NVIDIA H200"), ask("echo; echo ' NVIDIA H200 '; echo other; echo noise >&2", LONG));
    }

    @Test
    void isEmptyWhereNothingCanBeAsked() {
        assertEquals(Optional.empty(), GpuName.of(Device.cpu()));
        assertEquals(Optional.empty(), GpuName.ask(List.of("no-such-program-of-nvidia"), LONG));
        assertEquals(Optional.empty(), ask("echo 'No devices were found'; exit 6", LONG));
        assertEquals(Optional.empty(), ask("exit 0", LONG));
    }

    @Test
    void doesNotWaitForAProgramThatHangs() {
        assertEquals(Optional.empty(), ask("exec sleep 600", Duration.ofMillis(50)));
    }

    @Test
    void asksForTheDeviceThatCudaCounts() {
        assertEquals("--id=1", last(GpuName.command(1, null)));
        assertEquals("--id=1", last(GpuName.command(1, "")));
        assertEquals("--id=7", last(GpuName.command(1, "3, 7")));
        assertEquals("--id=GPU-abc", last(GpuName.command(0, "GPU-abc")));
        assertFalse(GpuName.command(0, null).contains(""));
    }

    private static String last(List<String> command) {
        return command.get(command.size() - 1);
    }
}
