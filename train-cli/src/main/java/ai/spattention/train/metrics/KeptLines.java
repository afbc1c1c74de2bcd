package ai.spattention.train.metrics;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.function.Consumer;

/** Which lines of a {@link JsonLines} file stay when it is gone on with. */
final class KeptLines {

    private final long step;
    private final int growth;
    private final Consumer<JsonNode> check;
    private final BitSet kept = new BitSet();
    private final BitSet later = new BitSet();
    private int count;
    private long length;
    private long lastStep;
    private String firstProblem;

    private KeptLines(long step, int growth, Consumer<JsonNode> check) {
        this.step = step;
        this.growth = growth;
        this.check = check;
    }

    /**
     * Leaves those lines in a file that are whole and of no later step, at its beginning. Damaged ones, and those that do not
     * come after the one before, are moved into a file beside it: they cost no more than themselves.
     *
     * @param file the file
     * @param step the last step that stays
     * @param growth by how much steps grow at least from line to line
     * @param check refuses an object that is none of this file's
     * @param notes told of lines that were moved
     * @return what stays
     */
    static KeptLines of(Path file, long step, int growth, Consumer<JsonNode> check, Consumer<String> notes) throws IOException {
        KeptLines lines = new KeptLines(step, growth, check);
        JsonLines.readLines(file, (number, line) -> {
            lines.add(file, number, line);
            return true;
        });
        lines.moveAside(file, notes);
        return lines;
    }

    private void add(Path file, long number, byte[] line) {
        count = Math.toIntExact(number);
        try {
            JsonLines.visitLine(file, number, line, json -> {
                check.accept(json);
                long own = StepMetricsJson.whole(json, JsonLines.STEP, 1);
                if (own > step) {
                    later.set(count);
                } else if (own < lastStep + growth) {
                    throw new InvalidInputException("step " + own + " comes after step " + lastStep + ": steps must grow");
                } else {
                    kept.set(count);
                    lastStep = own;
                    length += line.length + 1L;
                }
                return true;
            });
        } catch (InvalidInputException e) {
            firstProblem = firstProblem == null ? e.getMessage() : firstProblem;
        }
    }

    /** A later step before one that stays is damage as well. */
    private boolean isDamaged(int number) {
        return !kept.get(number) && (number < kept.length() || !later.get(number));
    }

    private void moveAside(Path file, Consumer<String> notes) throws IOException {
        ByteArrayOutputStream damaged = new ByteArrayOutputStream();
        int[] moved = {0};
        JsonLines.readLines(file, (number, line) -> {
            if (isDamaged((int) number)) {
                damaged.writeBytes(line);
                damaged.write('\n');
                moved[0]++;
            }
            return true;
        });
        if (moved[0] == 0) {
            return;
        }
        Path aside = file.resolveSibling(file.getFileName() + ".damaged");
        Files.write(aside, damaged.toByteArray(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        AtomicFile.write(file.toRealPath(), channel -> {
            JsonLines.readLines(file, (number, line) -> {
                if (kept.get((int) number)) {
                    ByteBuffer bytes = ByteBuffer.allocate(line.length + 1).put(line).put((byte) '\n').flip();
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                }
                return true;
            });
        });
        notes.accept("warning: " + (moved[0] == 1 ? "a damaged line was" : moved[0] + " damaged lines were") + " moved from " + file + " to "
                + aside + ", the others stay" + (firstProblem == null ? "" : ": " + firstProblem));
    }

    /** The bytes that stay. */
    long length() {
        return length;
    }

    /** The last step that stays, or 0. */
    long lastStep() {
        return lastStep;
    }
}
