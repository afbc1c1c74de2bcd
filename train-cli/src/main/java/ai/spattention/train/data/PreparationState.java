package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How far a preparation has come: all that is written before this is safe on disk.
 *
 * @param arguments what it was started with, for comparison
 * @param source which source of documents is being read, from 0 on: the held-out sets, then what is learnt from
 * @param position what has been read of it
 * @param written what has been written, by the folder of each split
 * @param textBytes bytes of the texts in UTF-8, by the folder of each split
 * @param emptyDocuments documents left out because they hold nothing
 */
record PreparationState(Map<String, String> arguments, int source, DocumentStream.Position position,
        Map<String, ShardWriter.Progress> written, Map<String, Long> textBytes, long emptyDocuments) {

    /** The name of its file. */
    static final String FILE = "state.json";

    private static final ObjectMapper JSON = StrictJson.ofRecords()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    /** The format that this program writes; the first one had no version. */
    private static final int VERSION = 3;

    /**
     * A state in its file.
     *
     * @param formatVersion {@value #VERSION}
     * @param sha256 the digest of the state, for a number that a bit flip changed would go unnoticed and cost documents
     * @param state the state
     */
    private record Stored(int formatVersion, String sha256, PreparationState state) {}

    static PreparationState begin(Map<String, String> arguments) {
        return new PreparationState(new TreeMap<>(arguments), 0, DocumentStream.Position.START, Map.of(), Map.of(), 0);
    }

    /** Writes the state in one step. */
    void write(Path work) throws IOException {
        AtomicFile.write(work.resolve(FILE), JSON.writeValueAsString(new Stored(VERSION, digest(), this)) + "\n");
    }

    private String digest() throws JsonProcessingException {
        return Sha256.of(JSON.writeValueAsString(this));
    }

    /** Reads the state of an unfinished preparation; empty if none had begun. */
    static Optional<PreparationState> read(Path work) throws IOException {
        Path file = work.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonNode root = StrictJson.tree(JSON, Files.readAllBytes(file));
            if (!root.isObject()) {
                throw damaged(file, "it holds no JSON object", null);
            }
            JsonNode version = root.path("format_version");
            if (version.asInt() != VERSION) {
                throw new InvalidInputException(file + " has format version " + (version.isMissingNode() ? "none" : version)
                        + ", this program goes on from version " + VERSION
                        + ": use the program that began, or delete the output folder and start again");
            }
            Stored stored = JSON.treeToValue(root, Stored.class);
            if (!stored.sha256.equals(stored.state.digest())) {
                throw damaged(file, "its digest is another", null);
            }
            return Optional.of(stored.state);
        } catch (JsonProcessingException e) {
            throw damaged(file, JsonProblem.of(e), e);
        }
    }

    private static InvalidInputException damaged(Path file, String problem, Exception cause) {
        return new InvalidInputException(file + " is damaged (" + problem + "): delete the output folder and start again", cause);
    }

    /** Whether nothing has been written: there is nothing to go on with. */
    boolean isEmpty() {
        return totalTokens() == 0;
    }

    /** The tokens that have been written. */
    long totalTokens() {
        return written.values().stream().mapToLong(ShardWriter.Progress::totalTokens).sum();
    }

    /** How far a split has been written. */
    ShardWriter.Progress progress(Split split) {
        return written.getOrDefault(split.folder(), ShardWriter.Progress.NONE);
    }

    /** Refuses to go on with other arguments. */
    void requireArguments(Path folder, Map<String, String> now) {
        for (Map.Entry<String, String> argument : now.entrySet()) {
            String before = arguments.get(argument.getKey());
            if (!argument.getValue().equals(before)) {
                throw new InvalidInputException(folder + " holds an unfinished preparation with another " + argument.getKey()
                        + " (" + before + ", now " + argument.getValue()
                        + "): use the same arguments to go on, or another folder");
            }
        }
    }
}
