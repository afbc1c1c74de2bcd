package ai.spattention.eval.probe;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Probes' results as JSON: {@code format_version} and {@code probes}, a list of {@link ProbeResult}. */
public final class ProbeJson {

    /** The version of the format that is written; version 1 writes out counts of windows that are all alike, and is read, too. */
    public static final int FORMAT_VERSION = 2;

    private static final ObjectMapper JSON = StrictJson.ofRecords().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private ProbeJson() {}

    private record Content(int formatVersion, List<ProbeResult> probes) {}

    /**
     * Results as a part of a larger file.
     *
     * @param results the results
     * @return the object
     */
    public static JsonNode tree(List<ProbeResult> results) {
        return JSON.valueToTree(new Content(FORMAT_VERSION, results));
    }

    /**
     * Writes results.
     *
     * @param file the file, which appears whole or not at all
     * @param results the results
     * @throws IOException if writing fails
     */
    public static void write(Path file, List<ProbeResult> results) throws IOException {
        OutputFile.write(file, tree(results) + "\n");
    }

    /**
     * Reads results.
     *
     * @param file a file that {@link #write} wrote
     * @return the results
     * @throws InvalidInputException if it is none, is damaged or of a later version
     * @throws IOException if reading fails
     */
    public static List<ProbeResult> read(Path file) throws IOException {
        RegularFile.require(file, "the file of probes");
        try {
            return parse(file.toString(), StrictJson.tree(JSON, Files.readAllBytes(file)));
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is not valid JSON: " + JsonProblem.of(e), e);
        }
    }

    /**
     * Reads results that are part of a larger file.
     *
     * @param name where they stand, for messages
     * @param tree what {@link #tree} gave
     * @return the results
     * @throws InvalidInputException if they are damaged or of a later version
     */
    public static List<ProbeResult> parse(String name, JsonNode tree) {
        JsonNode version = tree == null ? null : tree.path("format_version");
        if (version == null || !version.isInt() || version.intValue() < 1 || version.intValue() > FORMAT_VERSION) {
            throw new InvalidInputException(name + " holds no probes of format version 1 to " + FORMAT_VERSION + " (got "
                    + (version == null || version.isMissingNode() ? "none" : version) + ")");
        }
        try {
            return List.copyOf(JSON.treeToValue(tree, Content.class).probes());
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(name + " is damaged: " + JsonProblem.of(e), e);
        }
    }
}
