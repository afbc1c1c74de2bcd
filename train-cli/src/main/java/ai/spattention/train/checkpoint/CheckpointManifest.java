package ai.spattention.train.checkpoint;

import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What files a whole checkpoint has.
 *
 * @param digests the files' SHA-256 by their names
 */
record CheckpointManifest(Map<String, String> digests) {

    private static final ObjectMapper JSON = StrictJson.builder().build();

    /** Anything that is no digest is left aside: then a file's is missing. */
    static CheckpointManifest of(JsonNode json) {
        Map<String, String> digests = new TreeMap<>();
        json.properties().stream().filter(entry -> entry.getValue().isTextual())
                .forEach(entry -> digests.put(entry.getKey(), entry.getValue().textValue()));
        return new CheckpointManifest(digests);
    }

    String toJson() throws JsonProcessingException {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(new TreeMap<>(digests)) + "\n";
    }

    int ranks() {
        return CheckpointFiles.ranks(digests.keySet());
    }

    /** All files that there must be. */
    List<String> files() {
        List<String> files = new ArrayList<>(CheckpointFiles.models(ranks()));
        files.addAll(CheckpointFiles.optimizers(ranks()));
        files.add(CheckpointFiles.STATE);
        return files;
    }
}
