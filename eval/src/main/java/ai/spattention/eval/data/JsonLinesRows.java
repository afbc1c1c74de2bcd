package ai.spattention.eval.data;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.json.JsonProblem;
import ai.spattention.olmoe.json.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** One JSON object a line, plain or with gzip ({@code .gz}), in UTF-8. Empty lines are passed over. */
public final class JsonLinesRows {

    private static final ObjectReader OBJECT = StrictJson.builder().build().readerFor(Map.class);

    /**
     * Reads a file.
     *
     * @param file the file
     * @param rows gets the rows, one by one
     * @throws InvalidInputException if the file is cut or a line is no JSON object
     * @throws IOException if reading fails otherwise
     */
    public void read(Path file, Consumer<Row> rows) throws IOException {
        long number = 0;
        try (BufferedReader lines = open(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    rows.accept(new Row(file, number, fields(file, number, line)));
                }
            }
        } catch (EOFException e) {
            throw new InvalidInputException(file + " is cut: its gzip data end after row " + number + "; get it again", e);
        } catch (ZipException e) {
            throw new InvalidInputException(file + " is not valid gzip after row " + number + ": " + e.getMessage()
                    + "; get it again", e);
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file + " is not UTF-8 after row " + number, e);
        }
    }

    private static BufferedReader open(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        try {
            InputStream content = file.getFileName().toString().endsWith(".gz") ? new GZIPInputStream(in, 1 << 16) : in;
            return new BufferedReader(new InputStreamReader(content, StandardCharsets.UTF_8.newDecoder()));
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    private static Map<String, Object> fields(Path file, long number, String line) throws IOException {
        try {
            Map<?, ?> object = OBJECT.readValue(line);
            if (object == null) {
                throw new InvalidInputException(file + " row " + number + " must be a JSON object (got null)");
            }
            return Values.fields(object);
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " row " + number + " is not a JSON object: "
                    + JsonProblem.of(e), e);
        }
    }
}
