package ai.spattention.train.bench;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What was measured of attention in a plain DJL Trainer.
 *
 * @param part {@link #ATTENTION} or {@link #TRANSFORMER}
 * @param block what computes attention: {@code attention} for the kernel alone, else the name of the block's class
 * @param pattern the pattern
 * @param length N
 * @param batch B
 * @param kernel the kernel that computed it; {@code djl} for DJL's own operators
 * @param reason why this kernel
 * @param passedOver kernels that would have been preferred, by name, and why each does not fit
 * @param forwardBackwardMs median milliseconds of a forward and a backward pass
 * @param stepMs median milliseconds of the pass and the optimizer's update; empty for attention alone
 * @param peakMemoryBytes the largest memory in use; empty where the system does not tell
 */
public record BlockRow(String part, String block, String pattern, int length, int batch, String kernel, String reason,
        Map<String, String> passedOver, double forwardBackwardMs, OptionalDouble stepMs, OptionalLong peakMemoryBytes) {

    /** Attention alone. */
    public static final String ATTENTION = "attention";

    /** A training step of a whole transformer. */
    public static final String TRANSFORMER = "transformer";

    /**
     * A row of attention alone.
     *
     * @param row what was measured
     * @return the same
     */
    public static BlockRow of(AttentionBench.Row row) {
        return new BlockRow(ATTENTION, ATTENTION, row.pattern(), row.length(), row.batch(), row.kernel(), row.reason(),
                row.passedOver(), row.forwardBackwardMs(), OptionalDouble.empty(), row.peakMemoryBytes());
    }

    /**
     * The time that counts: of a whole step where there is one.
     *
     * @return milliseconds
     */
    public double milliseconds() {
        return stepMs.orElse(forwardBackwardMs);
    }
}
