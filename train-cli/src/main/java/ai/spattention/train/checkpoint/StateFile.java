package ai.spattention.train.checkpoint;

import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A {@link TrainingState} as JSON, of this version and of earlier ones. */
final class StateFile {

    private static final String FORMAT = "format_version";

    private static final ObjectMapper JSON =
            StrictJson.ofRecords().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private static final Pattern MODEL_SETTING = Pattern.compile("(?<name>\\w+)=(?<value>[^,\\[\\]]*)");

    private StateFile() {}

    static String toJson(TrainingState state) throws JsonProcessingException {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state) + "\n";
    }

    /**
     * Reads a state.
     *
     * @throws LaterFormatException if a later version of this program wrote it
     * @throws JsonProcessingException if it is no state
     */
    static TrainingState read(JsonNode json) throws JsonProcessingException {
        JsonNode version = json.path(FORMAT);
        if (version.isMissingNode()) {
            return JSON.treeToValue(json, Version1.class).state();
        }
        if (version.isInt() && version.intValue() > TrainingState.VERSION) {
            throw new LaterFormatException("its state has format version " + version + ", this program reads versions up to "
                    + TrainingState.VERSION + ": go on with the program that wrote it");
        }
        return JSON.treeToValue(json, TrainingState.class);
    }

    /** The first format: the sequence length is what sequences and tokens say, the model is a record's text. */
    private record Version1(long step, long updates, long sequences, long tokens, double elapsedSeconds, long seed,
            String dataFingerprint, String model) {

        TrainingState state() {
            Map<String, String> settings = new TreeMap<>();
            settings.put("seed", Long.toString(seed));
            if (sequences > 0) {
                settings.put("data.sequence_length", tokens % sequences == 0 ? Long.toString(tokens / sequences)
                        : "changed on the way");
            }
            Matcher setting = MODEL_SETTING.matcher(model);
            while (setting.find()) {
                String key = setting.group("name").replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
                String value = setting.group("value");
                if (key.equals("pattern")) {
                    settings.put("model.attention_pattern", value.toLowerCase(Locale.ROOT));
                } else {
                    settings.put("model." + key, value);
                }
            }
            return new TrainingState(TrainingState.VERSION, step, updates, tokens, elapsedSeconds, dataFingerprint, settings, "");
        }
    }
}
