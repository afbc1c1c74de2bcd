package ai.spattention.train.data.source;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.FileFormat;
import ai.spattention.olmoe.io.JsonLines;
import ai.spattention.olmoe.io.ReadFailures;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file of documents. Its name tells its format, as {@link FileFormat} has it: JSON lines hold a document a line, Parquet one
 * a row, a jar one a Java file, and a plain text is one document or several with separators between them.
 *
 * @param path the file
 * @param name what the file is called where the data tell their origin, and what orders files: its path, unless it is the copy of another
 */
public record InputFile(Path path, String name) {

    /**
     * A file that is no copy.
     *
     * @param path the file
     */
    public InputFile(Path path) {
        this(path, path.toString());
    }

    /**
     * Opens the file.
     *
     * @param field the field or column that holds the text
     * @param separator what stands between the documents of a plain text
     * @param tokenizer decides where long documents can be cut into parts
     * @return a reader, to be closed by the caller
     * @throws InvalidInputException if the file cannot be read or begins wrongly
     * @throws IOException if reading fails otherwise
     */
    public PartReader open(String field, DocumentSeparator separator, Tokenizer tokenizer) throws IOException {
        return switch (FileFormat.of(path).content()) {
            case JSON_LINES -> new JsonLinesReader(path, JsonLines.open(path), field, tokenizer);
            case PARQUET -> new ParquetReader(path, field, tokenizer);
            case JAVA_SOURCES -> SourceJarReader.open(path, tokenizer);
            case TEXT -> PlainTextReader.open(path, separator, tokenizer);
            case ARROW -> throw new InvalidInputException(path + " is an Arrow stream, which eval reads and prepare does not:"
                    + " write it as Parquet or JSON lines");
        };
    }

    /**
     * Whether the file is a plain text, by its name.
     *
     * @return false for JSON lines, Parquet, Arrow and jars
     */
    public boolean isPlainText() {
        return FileFormat.of(path).content() == FileFormat.Content.TEXT;
    }

    /**
     * The file's size.
     *
     * @return bytes
     * @throws InvalidInputException if the file is gone
     * @throws IOException if it cannot be asked
     */
    public long size() throws IOException {
        try {
            return Files.size(path);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
    }

    /**
     * When the file was changed last.
     *
     * @return milliseconds since 1970
     * @throws InvalidInputException if the file is gone
     * @throws IOException if it cannot be asked
     */
    public long modified() throws IOException {
        try {
            return Files.getLastModifiedTime(path).toMillis();
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
    }

    /**
     * What tells whether the file is still the same.
     *
     * @return its path, size and time
     * @throws InvalidInputException if the file is gone
     * @throws IOException if it cannot be asked
     */
    public String identity() throws IOException {
        return path + "\n" + size() + "\n" + modified();
    }
}
