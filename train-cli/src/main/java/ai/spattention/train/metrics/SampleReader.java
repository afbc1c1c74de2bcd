package ai.spattention.train.metrics;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads {@code samples.jsonl}. */
public final class SampleReader {

    private SampleReader() {}

    /**
     * Reads all samples. A cut last line is left out.
     *
     * @param file the file
     * @return the samples in their order
     * @throws InvalidInputException if a line is not a sample
     * @throws IOException if the file cannot be read
     */
    public static List<TextSample> read(Path file) throws IOException {
        List<TextSample> samples = new ArrayList<>();
        JsonLines.read(file, json -> samples.add(sample(json)));
        return samples;
    }

    /**
     * Hands on the samples one by one; damaged lines are left out.
     *
     * @param file the file
     * @param samples gets the samples in their order
     * @param complaints gets one line of text for each line left out: where it is and what is wrong with it
     * @throws IOException if the file cannot be read
     */
    public static void readUsable(Path file, Consumer<TextSample> samples, Consumer<String> complaints) throws IOException {
        JsonLines.readUsable(file, json -> {
            samples.accept(sample(json));
            return true;
        }, complaints);
    }

    static TextSample sample(JsonNode json) {
        return new TextSample(StepMetricsJson.whole(json, JsonLines.STEP, 1), text(json, "prompt"), text(json, "text"));
    }

    private static String text(JsonNode json, String key) {
        JsonNode value = json.path(key);
        if (!value.isTextual()) {
            throw new InvalidInputException(key + " must be text (got " + JsonLines.shown(value) + ")");
        }
        return value.textValue();
    }
}
