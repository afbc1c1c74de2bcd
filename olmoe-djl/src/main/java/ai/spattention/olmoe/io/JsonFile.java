package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Settings that stand in a file as one JSON object. */
public final class JsonFile {

    /** Settings are some pages of text; anything of this size is another file. */
    private static final long LARGEST = 16L << 20;

    private static final ObjectMapper JSON = StrictJson.builder().build();

    private JsonFile() {}

    /**
     * Reads a file.
     *
     * @param file the file
     * @param what what it is, for messages: {@code a model folder needs a config.json}
     * @return the object
     * @throws InvalidInputException if the file cannot be read or holds no JSON object
     */
    public static ObjectNode read(Path file, String what) {
        RegularFile.requireIfThere(file);
        JsonNode root;
        try {
            if (Files.size(file) > LARGEST) {
                throw new InvalidInputException(file + " is too large for settings in JSON: " + Files.size(file) + " bytes; " + what);
            }
            root = StrictJson.tree(JSON, Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is not valid JSON: " + JsonProblem.of(e)
                    + (e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")"), e);
        } catch (AccessDeniedException e) {
            throw new InvalidInputException(file + " cannot be read: you have no permission", e);
        } catch (IOException e) {
            throw new InvalidInputException("cannot read " + file + ": " + what, e);
        }
        if (root instanceof ObjectNode object) {
            return object;
        }
        throw new InvalidInputException(file + " must hold one JSON object");
    }
}
