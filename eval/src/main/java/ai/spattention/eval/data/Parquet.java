package ai.spattention.eval.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.BinaryFile;
import ai.spattention.olmoe.io.ReadFailures;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;

/** A Parquet file as a table of DuckDB, which is kept from the network and from the disk, and bounded. */
public final class Parquet implements AutoCloseable {

    private static final List<String> SETTINGS = List.of(
            "SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false", // nothing is downloaded
            "SET threads = 1", "SET preserve_insertion_order = true", "SET memory_limit = '512MB'",
            "SET temp_directory = ''"); // nor is anything written

    private final Path path;
    private final Connection connection;

    private Parquet(Path path, Connection connection) {
        this.path = path;
        this.connection = connection;
    }

    /**
     * Opens a file.
     *
     * @param path the file
     * @return the file, to be closed by the caller
     * @throws InvalidInputException if it is gone or holds no Parquet
     * @throws IOException if DuckDB does not start
     */
    public static Parquet open(Path path) throws IOException {
        try {
            BinaryFile.require(path);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
        Properties properties = new Properties();
        properties.setProperty("jdbc_stream_results", "true");
        try {
            Connection connection = DriverManager.getConnection("jdbc:duckdb:", properties);
            try (Statement statement = connection.createStatement()) {
                for (String setting : SETTINGS) {
                    statement.execute(setting);
                }
            }
            return new Parquet(path, connection);
        } catch (SQLException e) {
            throw new IOException("DuckDB, which reads Parquet files, does not start: " + firstLine(e), e);
        }
    }

    /**
     * A statement for queries.
     *
     * @return a statement, closed with this object
     * @throws SQLException if the database fails
     */
    public Statement statement() throws SQLException {
        return connection.createStatement();
    }

    /**
     * The file's name as a literal of SQL, where no character stands for several files.
     *
     * @return the literal
     */
    public String name() {
        return "'" + path.toString().replaceAll("[\\[*?]", "[$0]").replace("'", "''") + "'";
    }

    /**
     * The file's rows as a table of SQL; folders in the path add no columns.
     *
     * @return the table
     */
    public String table() {
        return "read_parquet(" + name() + ", hive_partitioning = false)";
    }

    /**
     * Explains a failure of a query.
     *
     * @param row the rows that were read before
     * @param e the failure
     * @return a refusal of the file, for throwing
     */
    public InvalidInputException damaged(long row, SQLException e) {
        return new InvalidInputException(path + " is not a Parquet file that can be read"
                + (row == 0 ? "" : " (after row " + row + ")") + ": " + firstLine(e), e);
    }

    private static String firstLine(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    @Override
    public void close() throws IOException {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new IOException("cannot close " + path + ": " + firstLine(e), e);
        }
    }
}
