package ai.spattention.eval.score;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * Keeps scores as they are computed, so that a run that was killed goes on where it was. A line holds a digest of a request's
 * tokens and its score; the first line says what model gave them. A last line that was cut is passed over.
 */
public final class ScoreJournal implements Closeable {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final Map<String, Score> known;
    private final BufferedWriter out;

    private ScoreJournal(Path file, Map<String, Score> known, BufferedWriter out) {
        this.file = file;
        this.known = known;
        this.out = out;
    }

    /**
     * Opens a journal.
     *
     * @param file the file
     * @param model what the scores depend on besides the tokens
     * @param resume whether to take over what the file holds; if not it is begun anew
     * @return the journal
     * @throws InvalidInputException if the file's scores are another model's, or it is no journal
     * @throws IOException if reading or writing fails
     */
    public static ScoreJournal open(Path file, String model, boolean resume) throws IOException {
        requireOwn(file);
        Map<String, Score> known = resume && Files.exists(file) ? read(file, model) : new HashMap<>();
        // written anew, at once: a cut last line must not run into the next, and nothing known be lost
        StringBuilder lines = new StringBuilder(JSON.createObjectNode().put("model", model) + "\n");
        known.forEach((key, score) -> lines.append(line(key, score)));
        AtomicFile.write(file, lines.toString());
        return new ScoreJournal(file, known, Files.newBufferedWriter(file, StandardOpenOption.APPEND));
    }

    /** A journal is written over, and deleted in the end. */
    private static void requireOwn(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        boolean own = false;
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            try (BufferedReader lines = Files.newBufferedReader(file)) {
                own = parse(lines.readLine()) != null;
            } catch (CharacterCodingException e) {
                // somebody's, as other contents are
            }
        }
        if (!own) {
            throw new InvalidInputException(file + ", where scores would be kept until all are there, is somebody's file: move it"
                    + " away, or choose another --output");
        }
    }

    /**
     * Keeps scores for as long as this process lives, for results that no later run can go on with.
     *
     * @return a journal without a file
     */
    public static ScoreJournal inMemory() {
        return new ScoreJournal(null, new HashMap<>(), new BufferedWriter(Writer.nullWriter()));
    }

    private static Map<String, Score> read(Path file, String model) throws IOException {
        Map<String, Score> known = new HashMap<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            JsonNode first = parse(lines.readLine());
            if (first == null) {
                return known;
            }
            if (!first.path("model").asText().equals(model)) {
                throw new InvalidInputException(file + " holds scores of another model, or of other attention: leave out"
                        + " --resume to begin anew, or choose another --output");
            }
            for (JsonNode line = parse(lines.readLine()); line != null; line = parse(lines.readLine())) {
                known.put(line.path("key").asText(),
                        new Score(line.path("loglikelihood").asDouble(), line.path("is_greedy").asBoolean()));
            }
        }
        return known;
    }

    /** A line's object, or null where the file ends, if need be within a line. */
    private static JsonNode parse(String line) {
        try {
            JsonNode node = line == null || line.isBlank() ? null : JSON.readTree(line);
            return node != null && node.isObject() ? node : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /**
     * A score that was kept.
     *
     * @param request the request
     * @return its score, or null
     */
    Score find(TargetTokens request) {
        return known.get(request.key());
    }

    /** Keeps a score. */
    void add(TargetTokens request, Score score) throws IOException {
        String key = request.key();
        known.put(key, score);
        try {
            out.write(line(key, score));
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    private static String line(String key, Score score) {
        return JSON.createObjectNode().put("key", key).put("loglikelihood", score.logLikelihood())
                .put("is_greedy", score.greedy()) + "\n";
    }

    /** Hands what was added to the operating system, which keeps it if this process dies. */
    void flush() throws IOException {
        try {
            out.flush();
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    /**
     * Removes the file: the results are complete and safe elsewhere.
     *
     * @throws IOException if it cannot be removed
     */
    public void delete() throws IOException {
        close();
        if (file != null) {
            Files.deleteIfExists(file);
        }
    }
}
