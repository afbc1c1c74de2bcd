package ai.spattention.train.data.source;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/** The rows of a Parquet file in their order, read by DuckDB piece by piece. */
final class ParquetReader implements PartReader {

    private static final List<String> SETTINGS = List.of(
            "SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false", // nothing is downloaded
            "SET threads = 1", "SET preserve_insertion_order = true", "SET memory_limit = '512MB'",
            "SET temp_directory = ''"); // nor is anything written

    private final Path path;
    private final String field;
    private final Tokenizer tokenizer;
    private final long size;
    private final Connection connection;
    private long rows;
    private boolean hasId;
    private ResultSet texts;
    private long row;
    private DocumentParts document;

    ParquetReader(Path path, String field, Tokenizer tokenizer) throws IOException {
        this.path = path;
        this.field = field;
        this.tokenizer = tokenizer;
        if (!Files.isRegularFile(path)) {
            throw new NoSuchFileException(path.toString());
        }
        size = Files.size(path);
        Properties properties = new Properties();
        properties.setProperty("jdbc_stream_results", "true");
        try {
            connection = DriverManager.getConnection("jdbc:duckdb:", properties);
        } catch (SQLException e) {
            throw new IOException("DuckDB, which reads Parquet files, does not start: " + firstLine(e), e);
        }
        try {
            query();
        } catch (SQLException e) {
            close();
            throw damaged(e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void query() throws SQLException {
        for (String setting : SETTINGS) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(setting);
            }
        }
        String file = "'" + literally(path.toString()).replace("'", "''") + "'";
        String table = "read_parquet(" + file + ", hive_partitioning = false)";
        checkColumns(table);
        try (Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT sum(num_rows) FROM parquet_file_metadata(" + file + ")")) {
            rows = count.next() ? count.getLong(1) : 0;
        }
        texts = connection.createStatement().executeQuery("SELECT \"" + field.replace("\"", "\"\"") + "\""
                + (hasId ? ", CAST(id AS VARCHAR)" : "") + " FROM " + table);
    }

    private void checkColumns(String table) throws SQLException {
        List<String> names = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet columns = statement.executeQuery("DESCRIBE SELECT * FROM " + table)) {
            while (columns.next()) {
                String name = columns.getString("column_name");
                String type = columns.getString("column_type");
                names.add(name);
                if (name.equals(field) && !type.equals("VARCHAR")) {
                    throw new InvalidInputException(path + " has a column '" + field + "' of type " + type
                            + ": it must be a string");
                }
            }
        }
        if (!names.contains(field)) {
            throw new InvalidInputException(path + " has no column '" + field + "' (it has " + String.join(", ", names)
                    + "): name the column that holds the text with --field");
        }
        hasId = names.contains("id");
    }

    /** DuckDB would take these characters for a pattern. */
    private static String literally(String name) {
        return name.replaceAll("[\\[*?]", "[$0]");
    }

    @Override
    public Optional<TextPart> next() throws IOException {
        try {
            while (true) {
                if (document != null) {
                    Optional<TextPart> part = document.next();
                    if (part.isPresent()) {
                        return part;
                    }
                    document = null;
                }
                if (!texts.next()) {
                    return Optional.empty();
                }
                row++;
                String text = texts.getString(1);
                if (text == null) {
                    throw new InvalidInputException(path + " row " + row + " has null in the column '" + field
                            + "': it must be a string");
                }
                String id = hasId ? texts.getString(2) : null;
                document = new DocumentParts(path + " row " + row, id != null ? id : path + ":" + row, row, text, tokenizer);
            }
        } catch (SQLException e) {
            throw damaged(e);
        }
    }

    private InvalidInputException damaged(SQLException e) {
        return new InvalidInputException(path + " is not a Parquet file that can be read"
                + (row == 0 ? "" : " (after row " + row + ")") + ": " + firstLine(e), e);
    }

    private static String firstLine(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    @Override
    public long bytesRead() {
        return rows == 0 ? size : (long) ((double) size * row / rows);
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
