package ai.spattention.eval.task;

import ai.spattention.InvalidInputException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

/** Reads the files that describe tasks, strictly. */
final class TaskFiles {

    private static final ObjectMapper YAML = YAMLMapper.builder(new YAMLFactory())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private TaskFiles() {}

    static <T> T read(String file, String content, Class<T> type) {
        try {
            T value = YAML.readValue(content, type);
            if (value == null) {
                throw new InvalidInputException(file + " is empty: it must describe a task");
            }
            return value;
        } catch (JsonMappingException e) {
            if (e.getCause() instanceof InvalidInputException cause) {
                throw new InvalidInputException(file + ": " + cause.getMessage(), e);
            }
            throw problem(file, e);
        } catch (JsonProcessingException e) {
            throw problem(file, e);
        }
    }

    private static InvalidInputException problem(String file, JsonProcessingException e) {
        String place = e.getLocation() == null || e.getLocation().getLineNr() < 1 ? "" : " line " + e.getLocation().getLineNr();
        return new InvalidInputException(file + place + " does not describe a task: "
                + e.getOriginalMessage().lines().findFirst().orElse("").replaceAll(" \\(class [^)]*\\)", ""), e);
    }
}
