package ai.spattention.olmoe.config;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Token ids as Hugging Face's files give them: a number, a list of numbers, or null for none. */
public final class TokenIds {

    private TokenIds() {}

    /**
     * Reads ids.
     *
     * @param file where they stand, for messages
     * @param key their key, for messages
     * @param value the key's value, or a missing node
     * @return the ids in their order, each once; none for null and a missing node
     * @throws InvalidInputException if the value is neither an id nor a list of ids
     */
    public static List<Integer> of(Path file, String key, JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw new InvalidInputException(file + " has '" + key + "' = " + ConfigKeys.shown(value)
                        + ": it must be a token id, a list of ids, or null");
            }
            if (!ids.contains(id.intValue())) {
                ids.add(id.intValue());
            }
        }
        return ids;
    }
}
