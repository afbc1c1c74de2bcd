package ai.spattention.train.study.result;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files of a study: JSON, written whole or not at all. */
public final class ResultFiles {

    private static final ObjectMapper JSON =
            StrictJson.ofRecords().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private ResultFiles() {}

    /**
     * Writes a finished run's result.
     *
     * @param file the file, {@link RunResult#FILE_NAME} in the run's folder
     * @param result the result
     * @throws InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public static void write(Path file, RunResult result) throws IOException {
        AtomicFile.write(file, JSON.writeValueAsString(result) + "\n");
    }

    /**
     * Writes a study.
     *
     * @param file the file, {@link StudyResult#FILE_NAME} in the study's folder
     * @param study the study
     * @throws InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public static void write(Path file, StudyResult study) throws IOException {
        AtomicFile.write(file, JSON.writeValueAsString(study) + "\n");
    }

    /**
     * Reads a run's result.
     *
     * @param file the file
     * @return the result
     * @throws InvalidInputException if the file is not there, damaged, or of a later version
     * @throws IOException if reading fails otherwise
     */
    public static RunResult readRun(Path file) throws IOException {
        return read(file, RunResult.class, RunResult.VERSION);
    }

    /**
     * Reads a study.
     *
     * @param file the file
     * @return the study
     * @throws InvalidInputException if the file is not there, damaged, or of a later version
     * @throws IOException if reading fails otherwise
     */
    public static StudyResult readStudy(Path file) throws IOException {
        return read(file, StudyResult.class, StudyResult.VERSION);
    }

    private static <T> T read(Path file, Class<T> type, int version) throws IOException {
        RegularFile.require(file, "the result file");
        try {
            JsonNode root = StrictJson.tree(JSON, Files.readAllBytes(file));
            if (!root.isObject()) {
                throw new InvalidInputException(file + " is damaged: it holds no JSON object");
            }
            JsonNode written = root.path("format_version"); // first, since another version may have other entries
            if (!written.isInt() || written.intValue() < 1 || written.intValue() > version) {
                throw new InvalidInputException(file + " has format version " + (written.isMissingNode() ? "none" : written)
                        + ", this program reads versions 1 to " + version);
            }
            return JSON.treeToValue(root, type);
        } catch (JsonProcessingException e) {
            String problem = e.getCause() instanceof IllegalArgumentException cause ? cause.getMessage() : JsonProblem.of(e);
            throw new InvalidInputException(file + " is damaged: " + problem, e);
        }
    }
}
