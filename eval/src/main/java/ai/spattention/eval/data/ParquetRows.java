package ai.spattention.eval.data;

import ai.spattention.InvalidInputException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;

/** Parquet files, as the Hugging Face hub holds them. Read by DuckDB, which is kept from the network. */
public final class ParquetRows {

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads a file.
     *
     * @param file the file
     * @param rows gets the rows, in the file's order
     * @throws InvalidInputException if the file is no Parquet file, or damaged
     * @throws IOException if reading fails otherwise
     */
    public void read(Path file, Consumer<Row> rows) throws IOException {
        Properties settings = new Properties();
        settings.setProperty("autoinstall_known_extensions", "false");
        settings.setProperty("autoload_known_extensions", "false");
        try (Connection database = DriverManager.getConnection("jdbc:duckdb:", settings);
                PreparedStatement query = database.prepareStatement(
                        "SELECT CAST(to_json(t) AS VARCHAR) FROM read_parquet(?) t")) {
            query.setString(1, literal(file));
            try (ResultSet result = query.executeQuery()) {
                for (long number = 1; result.next(); number++) {
                    rows.accept(new Row(file, number, Values.fields(JSON.readValue(result.getString(1), Map.class))));
                }
            }
        } catch (SQLException e) {
            throw new InvalidInputException(file + " cannot be read as Parquet: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
        }
    }

    /** The file's name as DuckDB takes it: it would read some characters as a pattern for several files. */
    private static String literal(Path file) {
        return file.toString().replaceAll("([*?\\[])", "[$1]");
    }
}
