package ai.spattention.train.metrics;

import ai.spattention.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
        JsonLines.read(file, json -> samples.add(new TextSample(
                StepMetricsJson.whole(json, JsonLines.STEP, 1), text(json, "prompt"), text(json, "text"))));
        return samples;
    }

    private static String text(JsonNode json, String key) {
        JsonNode value = json.path(key);
        if (!value.isTextual()) {
            throw new InvalidInputException(key + " must be text (got " + JsonLines.shown(value) + ")");
        }
        return value.textValue();
    }
}
