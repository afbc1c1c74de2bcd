package ai.spattention.train.metrics;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Writes {@code samples.jsonl}: one JSON object a sample with the keys step, prompt, text. Not safe for several threads. */
public final class SampleWriter implements AutoCloseable {

    private final JsonLines lines;

    private SampleWriter(JsonLines lines) {
        this.lines = lines;
    }

    /**
     * Starts the samples of a new run.
     *
     * @param file the file, which must not exist
     * @return the writer
     * @throws InvalidInputException if the file exists or cannot be written for a reason that a person can mend
     * @throws IOException if it cannot be written otherwise
     */
    public static SampleWriter create(Path file) throws IOException {
        return new SampleWriter(JsonLines.create(file));
    }

    /**
     * Goes on with the samples of a run: drops those after a step.
     *
     * @param file the file; started if there is none
     * @param step the last step whose samples stay, 0 for none
     * @param notes told of damaged lines, which are moved into a file beside this one, FILE.damaged
     * @return the writer
     * @throws InvalidInputException if the file cannot be written for a reason that a person can mend
     * @throws IOException if it cannot be read or written otherwise
     */
    public static SampleWriter resume(Path file, long step, Consumer<String> notes) throws IOException {
        return new SampleWriter(JsonLines.resume(file, step, 0, SampleReader::sample, notes));
    }

    /**
     * Writes a sample. There may be several for one step.
     *
     * @param sample the sample; its step must not come before the last one's
     * @throws InvalidInputException if the disk is full
     * @throws IOException if writing fails otherwise
     */
    public void write(TextSample sample) throws IOException {
        lines.append(JsonNodeFactory.instance.objectNode()
                .put(JsonLines.STEP, sample.step()).put("prompt", sample.prompt()).put("text", sample.text()));
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
