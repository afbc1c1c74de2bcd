package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.loop.setup.MemoryEstimate;
import ai.spattention.train.loop.setup.PassChoice;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class HostMemoryTest {

    private final RunConfig run = SmallData.config(Path.of("data"));
    private final PassChoice choice = PassChoice.of(run, Device.cpu());
    private final MemoryEstimate memory = choice.checkpointing().memory();

    private static HostMemory.Share share(long bytes, int processes) {
        return new HostMemory.Share(OptionalLong.of(bytes), processes, processes);
    }

    private String refusal(long bytes) {
        return assertThrows(InvalidInputException.class, () -> HostMemory.require(run, choice, share(bytes, 1))).getMessage();
    }

    @Test
    void theMachineTellsItsMemory() {
        assertTrue(HostMemory.bytes().orElseThrow() > 1L << 28);
    }

    @Test
    void whatFitsExactlyMayRun() {
        assertDoesNotThrow(() -> HostMemory.require(run, choice, share(memory.total(), 1)));
        assertDoesNotThrow(() -> HostMemory.require(run, choice, new HostMemory.Share(OptionalLong.empty(), 1, 1)));
        String refusal = refusal(memory.total() - 1);
        assertTrue(refusal.contains("set training.activation_checkpointing=full") && refusal.contains("lower training.micro_batch"), refusal);
    }

    @Test
    void copiesForCheckpointsBehindTrainingCount() {
        RunConfig behind = SmallData.config(Path.of("data"), "checkpoint.asynchronous=true");
        long all = memory.total() + 3 * memory.weights();
        assertDoesNotThrow(() -> HostMemory.require(behind, choice, share(all, 1)));
        assertDoesNotThrow(() -> HostMemory.requireCopy(run, choice, 0, share(0, 1)));
        String refusal = assertThrows(InvalidInputException.class,
                () -> HostMemory.require(behind, choice, share(all - 1, 1))).getMessage();
        assertTrue(refusal.endsWith("set checkpoint.asynchronous=false"), refusal);
        assertDoesNotThrow(() -> HostMemory.require(behind, choice, share(memory.total() + memory.weights(), 3)), "each copies its part");
        assertThrows(InvalidInputException.class, () -> HostMemory.require(behind, choice, share(memory.total() + memory.weights() - 1, 3)));
    }

    @Test
    void noSettingHelpsAModelThatIsTooLarge() {
        String refusal = refusal(memory.resident());
        assertTrue(refusal.contains("take a smaller model") && !refusal.contains("micro_batch"), refusal);
        assertEquals(1, refusal.lines().count());
    }

    @Test
    void processesShareTheMachinesMemory() {
        String refusal = assertThrows(InvalidInputException.class, () -> HostMemory.require(run, choice, share(1000, 4))).getMessage();
        assertTrue(refusal.contains("this machine has 1,000 for each of its 4 processes: ") && refusal.endsWith("or fewer processes on this one"),
                refusal);
        assertDoesNotThrow(() -> HostMemory.require(run, Device.cpu(), 4, 4));
        assertThrows(InvalidInputException.class, () -> HostMemory.require(run, Device.cpu(), 1 << 20, 1 << 20));
    }
}
