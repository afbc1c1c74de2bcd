package ai.spattention.eval.data;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.FileFormat;
import ai.spattention.olmoe.io.ReadFailures;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.TextLines;
import ai.spattention.olmoe.json.JsonLines;
import ai.spattention.olmoe.json.StrictJson;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Rows in a file of any format that {@link FileFormat} knows for rows; rows are kept in memory, and so are bounded. */
public final class RowFile {

    private static final JsonMapper JSON = StrictJson.ofRows().build();
    /** About what the objects of a row take besides its characters. */
    private static final int ROW_OVERHEAD = 512;

    private final Path file;
    private final Consumer<Row> rows;
    private long memory = Runtime.getRuntime().maxMemory() / 2;

    private RowFile(Path file, Consumer<Row> rows) {
        this.file = file;
        this.rows = rows;
    }

    /**
     * Reads a file.
     *
     * @param file the file
     * @param what what the file is for, as in "the request file"
     * @param rows gets the rows, in the file's order
     * @throws InvalidInputException if there is no such file, it is cut, damaged or another thing than its name says, a line is
     *     no JSON object, or the rows do not fit into half of Java's memory
     * @throws IOException if reading fails otherwise
     */
    public static void read(Path file, String what, Consumer<Row> rows) throws IOException {
        RegularFile.require(file, what);
        RowFile reader = new RowFile(file, rows);
        switch (FileFormat.of(file).content()) {
            case JSON_LINES -> reader.readJsonLines();
            case PARQUET -> reader.readParquet();
            case ARROW -> reader.readArrow();
            case TEXT, JAVA_SOURCES -> throw new InvalidInputException(what + " " + file + " holds no rows by its name: they are JSON lines"
                    + " (.jsonl, .json or .ndjson, also with .gz or .zst), .parquet or .arrow");
        }
    }

    private void readJsonLines() throws IOException {
        try (JsonLines lines = JsonLines.open(file)) {
            for (Optional<Map<?, ?>> next = lines.nextObject(); next.isPresent(); next = lines.nextObject()) {
                add(lines.number(), next.get(), lines.length());
            }
        }
    }

    private void readParquet() throws IOException {
        long number = 0;
        String rowsAsJson = "SELECT CAST(to_json(t) AS VARCHAR) AS row FROM (SELECT * FROM ";
        try (Parquet parquet = Parquet.open(file); Statement statement = parquet.statement()) {
            try (ResultSet result = statement.executeQuery("SELECT strlen(row) > " + TextLines.LONGEST + ", row FROM ("
                    + rowsAsJson + parquet.table() + ") t)")) {
                while (result.next()) {
                    number++;
                    if (result.getBoolean(1)) {
                        throw new InvalidInputException(file + " row " + number + " is longer than " + (TextLines.LONGEST >> 20)
                                + " MiB");
                    }
                    String row = result.getString(2);
                    add(number, JSON.readValue(row, Map.class), row.length());
                }
            } catch (SQLException e) {
                throw parquet.damaged(number, e);
            }
        } catch (SQLException e) {
            throw new IOException("DuckDB does not read " + file, e);
        }
    }

    private void readArrow() throws IOException {
        take(Files.size(file)); // it may be packed, but not by the readers that are here
        try {
            ArrowStream.read(file, (number, fields) -> add(number, fields, 0));
        } catch (IOException e) {
            throw ReadFailures.explain(file, e);
        }
    }

    private void add(long number, Map<?, ?> fields, int characters) {
        take(2L * characters + ROW_OVERHEAD);
        rows.accept(new Row(file, number, Values.fields(fields)));
    }

    private void take(long bytes) {
        memory -= bytes;
        if (memory < 0) {
            throw new InvalidInputException(file + " has more rows than fit into half of Java's memory of "
                    + (Runtime.getRuntime().maxMemory() >> 20) + " MiB: take a part of it, or give Java more with"
                    + " SPATTN_JAVA_OPTS=-Xmx8g");
        }
    }
}
