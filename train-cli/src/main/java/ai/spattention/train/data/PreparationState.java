package ai.spattention.train.data;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.json.JsonProblem;
import ai.spattention.olmoe.json.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
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
 * @param position what has been read
 * @param train what has been written of the training split
 * @param validation what has been written of the validation split
 * @param emptyDocuments documents left out because they hold nothing
 * @param textBytes bytes of the texts in UTF-8
 */
record PreparationState(Map<String, String> arguments, DocumentStream.Position position, ShardWriter.Progress train,
        ShardWriter.Progress validation, long emptyDocuments, long textBytes) {

    /** The name of its file. */
    static final String FILE = "state.json";

    private static final ObjectMapper JSON = StrictJson.ofRecords()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .build();

    static PreparationState begin(Map<String, String> arguments) {
        return new PreparationState(new TreeMap<>(arguments), DocumentStream.Position.START, ShardWriter.Progress.NONE,
                ShardWriter.Progress.NONE, 0, 0);
    }

    /** Writes the state in one step. */
    void write(Path work) throws IOException {
        AtomicFile.write(work.resolve(FILE), JSON.writeValueAsString(this) + "\n");
    }

    /** Reads the state of an unfinished preparation; empty if none had begun. */
    static Optional<PreparationState> read(Path work) throws IOException {
        Path file = work.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(Files.readString(file), PreparationState.class));
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is damaged (" + JsonProblem.of(e)
                    + "): delete the output folder and start again", e);
        }
    }

    /** Whether nothing has been written: there is nothing to go on with. */
    boolean isEmpty() {
        return train.totalTokens() + validation.totalTokens() == 0;
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
