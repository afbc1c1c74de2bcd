package ai.spattention.eval.score;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Keeps scores as they are computed, so that a run that was killed goes on where it was. The first line says what the scores
 * depend on besides a request's tokens; every other one holds a digest of a request's tokens and its score. Each line ends with
 * a check of its own, CRC-32C over what comes before, so that no damage is ever counted as a number.
 */
public final class ScoreJournal implements Closeable {

    private static final int VERSION = 2;
    private static final String CHECK = "crc32c";
    private static final String BEGIN_ANEW = "leave out --resume to begin anew, or choose another --output";
    private static final String COMPUTE_AGAIN = "compute that part again, with --overwrite";

    private static final JsonMapper JSON = StrictJson.builder().build();

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
     * @param settings what the scores depend on besides the tokens, by name
     * @param resume whether to take over what the file holds; if not it is begun anew
     * @param notes told of damaged lines, whose requests are scored again
     * @return the journal
     * @throws InvalidInputException if the file's scores were computed with other settings, or that cannot be told, or it is no
     *     journal
     * @throws IOException if reading or writing fails
     */
    public static ScoreJournal open(Path file, Map<String, String> settings, boolean resume, Consumer<String> notes)
            throws IOException {
        requireOwn(file);
        Map<String, Score> known = resume && Files.exists(file) && Files.size(file) > 0 ? read(file, settings, BEGIN_ANEW, notes)
                : new LinkedHashMap<>();
        // written anew, at once: a cut last line must not run into the next, and nothing known be lost
        StringBuilder lines = new StringBuilder();
        ObjectNode first = JSON.createObjectNode().put("format_version", VERSION);
        settings.forEach(first.putObject("settings")::put);
        lines.append(checked(first));
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
            try (InputStream in = Files.newInputStream(file)) {
                int first = in.read();
                own = first < 0 || first == '{';
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

    /**
     * Puts the journals of an evaluation's parts together.
     *
     * @param parts the files, which stay as they are
     * @param settings what the scores must depend on besides the tokens, by name
     * @param notes told of damaged lines, whose scores are missing
     * @return a journal without a file of its own
     * @throws InvalidInputException if scores of a part were computed with other settings, or that cannot be told
     * @throws IOException if reading fails
     */
    public static ScoreJournal merged(List<Path> parts, Map<String, String> settings, Consumer<String> notes) throws IOException {
        ScoreJournal all = inMemory();
        for (Path part : parts) {
            all.known.putAll(read(part, settings, COMPUTE_AGAIN, notes));
        }
        return all;
    }

    /**
     * What a journal's scores depend on besides the tokens.
     *
     * @param part the journal of a part
     * @return the settings, by name
     * @throws InvalidInputException if that cannot be told
     * @throws IOException if reading fails
     */
    public static Map<String, String> settings(Path part) throws IOException {
        return settings(part, lines(part)[0], COMPUTE_AGAIN);
    }

    private static String[] lines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n", -1); // takes damaged bytes, too
    }

    private static Map<String, Score> read(Path file, Map<String, String> settings, String remedy, Consumer<String> notes) throws IOException {
        String[] lines = lines(file);
        requireSame(file, settings(file, lines[0], remedy), settings, remedy);
        Map<String, Score> known = new LinkedHashMap<>();
        int damaged = 0;
        for (int i = 1; i < lines.length - 1; i++) { // what follows the last line's end was cut
            JsonNode line = parse(lines[i]);
            if (line == null || !line.path("key").isTextual() || !line.path("loglikelihood").isNumber()
                    || !Double.isFinite(line.get("loglikelihood").doubleValue()) || !line.path("is_greedy").isBoolean()) {
                damaged++;
            } else {
                known.putIfAbsent(line.get("key").textValue(),
                        new Score(line.get("loglikelihood").doubleValue(), line.get("is_greedy").booleanValue()));
            }
        }
        if (damaged > 0) {
            notes.accept("warning: " + file + ": " + damaged + (damaged == 1 ? " line is" : " lines are")
                    + " damaged and left out: their requests are scored again");
        }
        return known;
    }

    private static Map<String, String> settings(Path file, String line, String remedy) {
        JsonNode plain = plain(line);
        if (plain != null && (!plain.has("format_version") || plain.get("format_version").asInt() != VERSION)) {
            String version = plain.has("format_version") ? plain.get("format_version").toString() : "1";
            throw new InvalidInputException(file + " has format version " + version + ", this program goes on from version "
                    + VERSION + ": " + remedy);
        }
        JsonNode first = parse(line);
        if (first == null || !first.path("settings").isObject()) {
            throw new InvalidInputException(file + " does not tell what its scores depend on, for its first line is damaged: " + remedy);
        }
        Map<String, String> settings = new HashMap<>();
        first.get("settings").properties().forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
        return settings;
    }

    private static void requireSame(Path file, Map<String, String> before, Map<String, String> settings, String remedy) {
        TreeSet<String> names = new TreeSet<>(before.keySet());
        names.addAll(settings.keySet());
        for (String name : names) {
            String old = before.getOrDefault(name, "none");
            String now = settings.getOrDefault(name, "none");
            if (!old.equals(now)) {
                throw new InvalidInputException(file + " holds scores of another " + name + " (" + old + ", now " + now + "): " + remedy);
            }
        }
    }

    /** A line's object, or null if it is none. */
    private static JsonNode plain(String line) {
        try {
            JsonNode node = JSON.readTree(line);
            return node != null && node.isObject() ? node : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** A line's object, or null if the line is not what was written. */
    private static JsonNode parse(String line) {
        JsonNode node = plain(line);
        return node != null && line.equals(withCheck(line.replaceFirst(",\"" + CHECK + "\":\"[0-9a-f]{8}\"}$", "}"))) ? node : null;
    }

    private static String checked(ObjectNode object) {
        return withCheck(object.toString()) + "\n";
    }

    /** An object's text with its check as the last entry. */
    private static String withCheck(String object) {
        CRC32C crc = new CRC32C();
        crc.update(object.getBytes(StandardCharsets.UTF_8));
        return object.substring(0, object.length() - 1) + String.format(Locale.ROOT, ",\"%s\":\"%08x\"}", CHECK, crc.getValue());
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

    /** Keeps a score, unless one is kept already: whatever is computed again, the first stays. */
    void add(TargetTokens request, Score score) throws IOException {
        String key = request.key();
        if (known.putIfAbsent(key, score) == null) {
            try {
                out.write(line(key, score));
            } catch (IOException e) {
                throw AtomicFile.explain(file, e);
            }
        }
    }

    private static String line(String key, Score score) {
        return checked(JSON.createObjectNode().put("key", key).put("loglikelihood", score.logLikelihood())
                .put("is_greedy", score.greedy()));
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
     * Gives the file another name: it is complete, and what was asked for.
     *
     * @param name its name from now on; what had it is lost
     * @throws IOException if that cannot be done
     */
    public void keepAs(Path name) throws IOException {
        close();
        Files.move(file, name, StandardCopyOption.ATOMIC_MOVE);
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
