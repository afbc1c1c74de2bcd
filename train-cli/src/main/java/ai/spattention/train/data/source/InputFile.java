package ai.spattention.train.data.source;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A file of documents. Its name tells its format: {@code .jsonl} is one JSON object a line, {@code .parquet} one row a
 * document, anything else a single document; all but Parquet may also end in {@code .gz} or {@code .zst}.
 *
 * @param path the file
 */
public record InputFile(Path path) {

    /**
     * Opens the file.
     *
     * @param field the field or column that holds the text
     * @param tokenizer decides where long documents can be cut into parts
     * @return a reader, to be closed by the caller
     * @throws InvalidInputException if the file cannot be read or begins wrongly
     * @throws IOException if reading fails otherwise
     */
    public PartReader open(String field, Tokenizer tokenizer) throws IOException {
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        try {
            if (name.endsWith(".parquet")) {
                return new ParquetReader(path, field, tokenizer);
            }
            String plain = name.endsWith(".gz") || name.endsWith(".zst") ? name.substring(0, name.lastIndexOf('.')) : name;
            TextStream stream = TextStream.open(path);
            return plain.endsWith(".jsonl") ? new JsonLinesReader(path, stream, field, tokenizer)
                    : new PlainTextReader(path, stream, tokenizer);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
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
}
