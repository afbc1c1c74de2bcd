package ai.spattention.train.metrics;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Writes {@code metrics.jsonl}: one JSON object a step with the keys step, tokens, loss, loss_aux, loss_z, gradient_norm,
 * learning_rate, tokens_per_second, time_s, and, where measured, validation_loss and validation_bits_per_byte, validation (an
 * object for each held-out set with a name, with its loss and bits_per_byte), tasks (an object for each benchmark task, with its
 * metrics), model_flop_utilisation (0 to 1), memory_mb, gpu_memory_mb, checkpoint_seconds and expert_load. Each line is handed to the
 * operating system whole before {@link #write} returns. Not safe for use by several threads.
 */
public final class MetricsWriter implements AutoCloseable {

    private final JsonLines lines;

    private MetricsWriter(JsonLines lines) {
        this.lines = lines;
    }

    /**
     * Starts the metrics of a new run.
     *
     * @param file the file, which must not exist
     * @return the writer
     * @throws InvalidInputException if the file exists or cannot be written for a reason that a person can mend
     * @throws IOException if it cannot be written otherwise
     */
    public static MetricsWriter create(Path file) throws IOException {
        return new MetricsWriter(JsonLines.create(file));
    }

    /**
     * Goes on with the metrics of a run: drops every line after a step, and a cut last line.
     *
     * @param file the file; started if there is none
     * @param step the last step that stays, 0 for none
     * @param notes told of damaged lines, which are moved into a file beside this one, FILE.damaged
     * @return the writer
     * @throws InvalidInputException if the file cannot be written for a reason that a person can mend
     * @throws IOException if it cannot be read or written otherwise
     */
    public static MetricsWriter resume(Path file, long step, Consumer<String> notes) throws IOException {
        return new MetricsWriter(JsonLines.resume(file, step, 1, StepMetricsJson::read, notes));
    }

    /**
     * Writes a step.
     *
     * @param metrics the step's metrics; the step must come after the last one written
     * @throws InvalidInputException if the disk is full; the file then ends with the line before
     * @throws IOException if writing fails otherwise
     * @throws IllegalArgumentException if the step does not come after the last one
     */
    public void write(StepMetrics metrics) throws IOException {
        if (metrics.step() <= lines.lastStep()) {
            throw new IllegalArgumentException("step " + metrics.step() + " was written before: the last is "
                    + lines.lastStep());
        }
        lines.append(StepMetricsJson.write(metrics));
    }

    /**
     * How far the file goes.
     *
     * @return the step of the last line, or 0
     */
    public long lastStep() {
        return lines.lastStep();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
