package ai.spattention.eval.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.BinaryFile;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;

/**
 * Arrow streams, as the cache of Hugging Face's {@code datasets} holds them. Arrow's own memory needs Java to be started with
 * {@code --add-opens=java.base/java.nio=ALL-UNNAMED}, as the launcher does.
 */
final class ArrowStream {

    private static final int MARK = 0xFFFFFFFF;

    private ArrowStream() {}

    /** Takes a row. */
    @FunctionalInterface
    interface Rows {

        /** Takes the row of a number, from 1 on. */
        void add(long number, Map<String, Object> fields);
    }

    /**
     * Reads a file.
     *
     * @throws InvalidInputException if the file is no Arrow stream, cut or damaged
     * @throws IOException if it cannot be opened
     */
    static void read(Path file, Rows rows) throws IOException {
        BinaryFile.require(file);
        requireEnd(file);
        long number = 0;
        try (BufferAllocator memory = allocator();
                InputStream in = new BufferedInputStream(Files.newInputStream(file));
                ArrowStreamReader reader = new ArrowStreamReader(in, memory)) {
            VectorSchemaRoot batch = reader.getVectorSchemaRoot();
            while (reader.loadNextBatch()) {
                for (int i = 0; i < batch.getRowCount(); i++) {
                    number++;
                    rows.add(number, fields(batch, i));
                }
            }
        } catch (InvalidInputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new InvalidInputException(file + " cannot be read as an Arrow stream after row " + number + ": "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
        } catch (OutOfMemoryError e) { // a damaged size is allocated before anything else is looked at
            throw new InvalidInputException(file + " cannot be read as an Arrow stream after row " + number
                    + ": it is damaged, or claims more than Java's memory", e);
        }
    }

    /**
     * The library takes a stream that is cut between two batches for whole: writers end it with a size of zero, after the mark
     * that every size has since version 0.15 of the format's libraries.
     */
    private static void requireEnd(Path file) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "r")) {
            boolean ends = false;
            if (bytes.length() >= 2 * Long.BYTES) {
                boolean marked = bytes.readInt() == MARK;
                bytes.seek(bytes.length() - Long.BYTES);
                int mark = bytes.readInt();
                ends = (!marked || mark == MARK) && bytes.readInt() == 0;
            }
            if (!ends) {
                throw new InvalidInputException(file + " cannot be read as an Arrow stream: it is cut, for its end is missing;"
                        + " get it again");
            }
        }
    }

    private static BufferAllocator allocator() {
        try {
            return new RootAllocator();
        } catch (LinkageError e) {
            throw new InvalidInputException("to read Arrow files, Java must be started with"
                    + " --add-opens=java.base/java.nio=ALL-UNNAMED (the launcher does it)", e);
        }
    }

    private static Map<String, Object> fields(VectorSchemaRoot batch, int row) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (FieldVector column : batch.getFieldVectors()) {
            values.put(column.getName(), column.getObject(row));
        }
        return values;
    }
}
