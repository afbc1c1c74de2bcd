package ai.spattention.train.metrics;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/**
 * A file of JSON objects, one a line, each with the step that it belongs to, in the order of the steps. Not safe for use
 * by several threads.
 */
final class JsonLines implements AutoCloseable {

    /** The key of the step. */
    static final String STEP = "step";

    private static final JsonMapper MAPPER = StrictJson.builder().build();
    private static final int LONGEST_SHOWN = 60;

    private final Path file;
    private final FileChannel channel;
    private long lastStep;

    private JsonLines(Path file, FileChannel channel, long lastStep) {
        this.file = file;
        this.channel = channel;
        this.lastStep = lastStep;
    }

    /** Takes a line's object. */
    @FunctionalInterface
    interface Visitor {

        /** Takes an object, and says whether to go on. An {@link InvalidInputException} gets file and line added. */
        boolean visit(JsonNode json);
    }

    /** Starts a file that does not exist yet. */
    static JsonLines create(Path file) throws IOException {
        try {
            return new JsonLines(file, FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), 0);
        } catch (FileAlreadyExistsException e) {
            throw new InvalidInputException(file + " exists: it is from another run; resume that run, or choose another"
                    + " folder", e);
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    /**
     * Goes on with a file, of which the whole objects up to a step stay; starts one if there is none.
     *
     * @param growth by how much steps grow at least from line to line
     * @param check refuses an object that is none of this file's
     * @param notes told of damaged lines, which are moved into a file beside this one
     */
    static JsonLines resume(Path file, long step, int growth, Consumer<JsonNode> check, Consumer<String> notes) throws IOException {
        if (!Files.exists(file)) {
            return create(file);
        }
        try {
            KeptLines kept = KeptLines.of(file, step, growth, check, notes);
            FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            try {
                // what is left of later steps is the file's tail: cut off in one operation of the file system
                channel.truncate(kept.length());
                channel.force(true);
                channel.position(kept.length());
                return new JsonLines(file, channel, kept.lastStep());
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    /** Reads a file's whole lines. A last line without its end was cut, or is being written: it is left out. */
    static void read(Path file, Visitor visitor) throws IOException {
        readLines(file, (number, line) -> visitLine(file, number, line, visitor));
    }

    /** Reads a file's whole lines, and tells of those that cannot be used instead of ending with the first. */
    static void readUsable(Path file, Visitor visitor, Consumer<String> complaints) throws IOException {
        readLines(file, (number, line) -> {
            try {
                return visitLine(file, number, line, visitor);
            } catch (InvalidInputException e) {
                complaints.accept(e.getMessage());
                return true;
            }
        });
    }

    /** Takes a line's bytes, without its end. */
    @FunctionalInterface
    interface LineVisitor {

        /** Takes a line, and says whether to go on. */
        boolean visit(long number, byte[] line) throws IOException;
    }

    static void readLines(Path file, LineVisitor visitor) throws IOException {
        long number = 0;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int next = in.read(); next >= 0; next = in.read()) {
                if (next != '\n') {
                    line.write(next);
                    continue;
                }
                number++;
                if (!visitor.visit(number, line.toByteArray())) {
                    return;
                }
                line.reset();
            }
        }
    }

    static boolean visitLine(Path file, long number, byte[] line, Visitor visitor) {
        try {
            return visitor.visit(parse(new String(line, StandardCharsets.UTF_8)));
        } catch (InvalidInputException e) {
            throw new InvalidInputException(file + ":" + number + ": " + e.getMessage(), e);
        }
    }

    /** A line's object. */
    static JsonNode parse(String line) {
        try {
            JsonNode json = MAPPER.readTree(line);
            if (json == null || !json.isObject()) {
                throw new InvalidInputException("a line must hold a JSON object");
            }
            return json;
        } catch (JsonProcessingException e) {
            throw new InvalidInputException("this is not JSON: " + JsonProblem.of(e), e);
        }
    }

    /** Appends an object whose step is not before the last one's. The line is in the file whole, or not at all. */
    void append(ObjectNode json) throws IOException {
        long step = json.path(STEP).longValue();
        if (step < lastStep) {
            throw new IllegalArgumentException("step " + step + " comes after step " + lastStep + " in " + file);
        }
        ByteBuffer bytes = ByteBuffer.wrap((json + "\n").getBytes(StandardCharsets.UTF_8));
        long start = channel.position();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            channel.truncate(start);
            throw AtomicFile.explain(file, e);
        }
        lastStep = step;
    }

    /** The step of the last object, or 0. */
    long lastStep() {
        return lastStep;
    }

    /** Foreign JSON on one line and of bearable length. */
    static String shown(JsonNode value) {
        if (value.isMissingNode()) {
            return "nothing";
        }
        String text = value.toString();
        return text.length() > LONGEST_SHOWN ? text.substring(0, LONGEST_SHOWN) + "..." : text;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
