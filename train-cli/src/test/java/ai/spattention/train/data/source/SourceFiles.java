package ai.spattention.train.data.source;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/** Writes files in every format, and reads them back. */
public final class SourceFiles {

    private SourceFiles() {}

    /** Packs a text by the file's name. */
    public static byte[] packed(String name, String text) {
        byte[] plain = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(bytes)
                : name.endsWith(".zst") ? new ZstdOutputStream(bytes).setChecksum(true) : bytes) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Writes a file, packed by its name. */
    public static Path write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.write(file, packed(file.toString(), text));
    }

    /** Writes the result of a query as Parquet. */
    static Path parquet(Path file, String query) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:"); Statement statement = connection.createStatement()) {
            statement.execute("COPY (" + query + ") TO '" + file + "' (FORMAT parquet, ROW_GROUP_SIZE 2048)");
        }
        return file;
    }

    /** Reads all parts. */
    static List<TextPart> read(Path file, String field) throws IOException {
        return read(file, field, DocumentSeparator.NONE);
    }

    /** Reads all parts of a file that may hold several documents. */
    static List<TextPart> read(Path file, String field, DocumentSeparator separator) throws IOException {
        List<TextPart> parts = new ArrayList<>();
        try (ByteTokenizer tokenizer = new ByteTokenizer(); PartReader reader = new InputFile(file).open(field, separator, tokenizer)) {
            for (Optional<TextPart> part = reader.next(); part.isPresent(); part = reader.next()) {
                parts.add(part.get());
            }
        }
        return parts;
    }
}
