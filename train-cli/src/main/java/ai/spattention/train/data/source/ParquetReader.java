package ai.spattention.train.data.source;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Parquet;
import ai.spattention.olmoe.io.TextLines;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rows of a Parquet file in their order, read by DuckDB piece by piece. */
final class ParquetReader implements PartReader {

    private final Path path;
    private final String field;
    private final Tokenizer tokenizer;
    private final long size;
    private final Parquet parquet;
    private long rows;
    private boolean hasId;
    private ResultSet texts;
    private long row;
    private DocumentParts document;

    ParquetReader(Path path, String field, Tokenizer tokenizer) throws IOException {
        this.path = path;
        this.field = field;
        this.tokenizer = tokenizer;
        parquet = Parquet.open(path);
        size = Files.size(path);
        try {
            query();
        } catch (SQLException e) {
            close();
            throw parquet.damaged(row, e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void query() throws SQLException {
        checkColumns();
        try (Statement statement = parquet.statement(); ResultSet count = statement.executeQuery(
                "SELECT sum(num_rows) FROM parquet_file_metadata(" + parquet.name() + ")")) {
            rows = count.next() ? count.getLong(1) : 0;
        }
        String column = "\"" + field.replace("\"", "\"\"") + "\"";
        texts = parquet.statement().executeQuery("SELECT " + column + ", strlen(" + column + ") > " + TextLines.LONGEST
                + (hasId ? ", CAST(id AS VARCHAR)" : "") + " FROM " + parquet.table());
    }

    private void checkColumns() throws SQLException {
        List<String> names = new ArrayList<>();
        try (Statement statement = parquet.statement();
                ResultSet columns = statement.executeQuery("DESCRIBE SELECT * FROM " + parquet.table())) {
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
                if (texts.getBoolean(2)) {
                    throw new InvalidInputException(path + " row " + row + " is longer than " + (TextLines.LONGEST >> 20)
                            + " MiB: split the document");
                }
                String text = texts.getString(1);
                if (text == null) {
                    throw new InvalidInputException(path + " row " + row + " has null in the column '" + field
                            + "': it must be a string");
                }
                String id = hasId ? texts.getString(3) : null;
                document = new DocumentParts(path + " row " + row, id != null ? id : path + ":" + row, row, text, tokenizer);
            }
        } catch (SQLException e) {
            throw parquet.damaged(row, e);
        }
    }

    @Override
    public long bytesRead() {
        return rows == 0 ? size : (long) ((double) size * row / rows);
    }

    @Override
    public void close() throws IOException {
        parquet.close();
    }
}
