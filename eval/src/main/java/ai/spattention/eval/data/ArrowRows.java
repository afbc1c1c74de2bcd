package ai.spattention.eval.data;

import ai.spattention.InvalidInputException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;

/**
 * Arrow streams, as the cache of Hugging Face's {@code datasets} holds them. Arrow's own memory needs Java to be started with
 * {@code --add-opens=java.base/java.nio=ALL-UNNAMED}, as the launcher does.
 */
public final class ArrowRows {

    /**
     * Reads a file.
     *
     * @param file the file
     * @param rows gets the rows, in the file's order
     * @throws InvalidInputException if the file is no Arrow stream, or damaged
     * @throws IOException if reading fails otherwise
     */
    public void read(Path file, Consumer<Row> rows) throws IOException {
        long number = 0;
        try (BufferAllocator memory = allocator();
                InputStream in = new BufferedInputStream(Files.newInputStream(file));
                ArrowStreamReader reader = new ArrowStreamReader(in, memory)) {
            VectorSchemaRoot batch = reader.getVectorSchemaRoot();
            while (reader.loadNextBatch()) {
                for (int i = 0; i < batch.getRowCount(); i++) {
                    number++;
                    rows.accept(new Row(file, number, fields(batch, i)));
                }
            }
        } catch (InvalidInputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new InvalidInputException(file + " cannot be read as an Arrow stream after row " + number + ": "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
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
        return Values.fields(values);
    }
}
