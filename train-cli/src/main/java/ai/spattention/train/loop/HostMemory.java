package ai.spattention.train.loop;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.config.ActivationCheckpointing;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.loop.setup.CheckpointingChoice;
import ai.spattention.train.loop.setup.MemoryEstimate;
import ai.spattention.train.loop.setup.PassChoice;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * The memory that a processor computes in. A run that needs more than all of it cannot end well: the system would kill it in its first
 * step, without a word. (Of a GPU {@link CheckpointingChoice} knows what is free, and refuses by that.)
 */
public final class HostMemory {

    private HostMemory() {}

    /**
     * The machine's physical memory, or a container's share of it.
     *
     * @return bytes; empty if the system does not tell
     */
    public static OptionalLong bytes() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system && system.getTotalMemorySize() > 0) {
            return OptionalLong.of(system.getTotalMemorySize());
        }
        return OptionalLong.empty();
    }

    /**
     * Refuses a run that this machine's memory cannot hold.
     *
     * @param run the run's configuration
     * @param device where it would compute; on a GPU only what is copied for checkpoints behind training is in this memory
     * @throws InvalidInputException if the estimate is above the machine's memory, or a pass cannot run as the configuration asks
     */
    public static void require(RunConfig run, Device device) {
        require(run, device, 1, 1);
    }

    /**
     * Refuses a run of several processes that this machine's memory cannot hold.
     *
     * @param run the run's configuration
     * @param device where this process would compute, as for one process
     * @param processes how many learn together
     * @param here how many of them are on this machine, each of which has its share of the memory
     * @throws InvalidInputException as for one process
     */
    public static void require(RunConfig run, Device device, int processes, int here) {
        Share share = new Share(bytes().isPresent() ? OptionalLong.of(bytes().getAsLong() / here) : OptionalLong.empty(), processes, here);
        if (!device.isGpu()) {
            require(run, PassChoice.of(run, device, processes), share);
        } else if (run.checkpoint().asynchronous()) {
            requireCopy(run, PassChoice.of(run, device, processes), 0, share);
        }
    }

    /**
     * What a process has of its machine's memory.
     *
     * @param bytes the memory; empty if the system does not tell
     * @param processes how many learn together
     * @param here how many of them are on the machine
     */
    record Share(OptionalLong bytes, int processes, int here) {}

    /** Whose memory is told. */
    private static String ofEach(int here) {
        return here == 1 ? "" : " for each of its " + here + " processes";
    }

    /**
     * Refuses what is copied for checkpoints behind training if it does not fit beside the rest: the weights and both moments in float32, of
     * which each process keeps the copy of its part to the run's end.
     */
    static void requireCopy(RunConfig run, PassChoice choice, long others, Share share) {
        long copy = (3 * choice.checkpointing().memory().weights() + share.processes - 1) / share.processes;
        if (run.checkpoint().asynchronous() && share.bytes.isPresent() && copy > share.bytes.getAsLong() - others) {
            throw new InvalidInputException(String.format(Locale.ROOT, "checkpoints behind training copy about %,d bytes into this machine's"
                    + " memory, which has %,d%s and of that needs %,d for the run: set checkpoint.asynchronous=false", copy,
                    share.bytes.getAsLong(), ofEach(share.here), others));
        }
    }

    static void require(RunConfig run, PassChoice choice, Share share) {
        MemoryEstimate memory = choice.checkpointing().memory();
        if (share.bytes.isEmpty() || memory.total() <= share.bytes.getAsLong()) {
            requireCopy(run, choice, memory.total(), share);
            return;
        }
        long bytes = share.bytes.getAsLong();
        List<String> remedies = new ArrayList<>();
        if (memory.resident() < bytes) {
            if (choice.checkpointing().mode() != ActivationCheckpointing.FULL) {
                remedies.add("set training.activation_checkpointing=full");
            }
            remedies.add(CheckpointingChoice.FEWER_TOKENS);
        } else {
            remedies.add("weights, gradients and moments alone do not fit: take a smaller model, or a machine with more memory"
                    + (share.here == 1 ? "" : ", or fewer processes on this one"));
        }
        throw new InvalidInputException(String.format(Locale.ROOT, "the run needs about %,d bytes of memory, but this machine has %,d%s:"
                + " weights %,d, gradients %,d, moments %,d, a pass %,d: %s", memory.total(), bytes, ofEach(share.here), memory.weights(),
                memory.gradients(), memory.optimizer(), memory.activations(), String.join(", or ", remedies)));
    }
}
