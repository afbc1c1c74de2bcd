package ai.spattention.olmoe.io;

import ai.spattention.InvalidInputException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * What a file holds, by its name: the one table that every command goes by.
 *
 * <table>
 * <caption>Endings, in lower or upper case</caption>
 * <tr><td>{@code .jsonl}, {@code .json}, {@code .ndjson}</td><td>JSON lines</td></tr>
 * <tr><td>{@code .parquet}</td><td>Parquet</td></tr>
 * <tr><td>{@code .arrow}</td><td>an Arrow stream</td></tr>
 * <tr><td>{@code .jar}</td><td>Java files, as a library's {@code -sources} jar has them</td></tr>
 * <tr><td>any other, or none</td><td>plain text</td></tr>
 * <tr><td>{@code .gz}, {@code .gzip} after one of JSON lines or text</td><td>the same, with gzip</td></tr>
 * <tr><td>{@code .zst}, {@code .zstd} after one of JSON lines or text</td><td>the same, with Zstandard</td></tr>
 * </table>
 *
 * @param content what is in the file
 * @param packing how it is packed
 */
public record FileFormat(Content content, Packing packing) {

    /** The endings of files that hold rows, as a regular expression without regard to case. */
    public static final String ROWS = "\\.(?:(?:jsonl|json|ndjson)(?:\\.(?:gz|gzip|zst|zstd))?|parquet|arrow)";

    private static final Set<Content> PACKED_WITHIN = EnumSet.of(Content.PARQUET, Content.ARROW, Content.JAVA_SOURCES);

    /** What is in a file. */
    public enum Content {
        /** One text, in UTF-8. */
        TEXT,
        /** One JSON object a line, in UTF-8. */
        JSON_LINES,
        /** Parquet. */
        PARQUET,
        /** A stream of Arrow's record batches. */
        ARROW,
        /** A jar of Java files. */
        JAVA_SOURCES
    }

    /** How a file is packed. */
    public enum Packing {
        /** Not at all. */
        NONE,
        /** gzip, in one or more members. */
        GZIP,
        /** Zstandard, in one or more frames. */
        ZSTD
    }

    /**
     * Looks a name up.
     *
     * @param file a file, which is not opened
     * @return its format
     * @throws InvalidInputException if the name promises a packed file of a format that is packed within
     */
    public static FileFormat of(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        Packing packing = packing(ending(name));
        String unpacked = packing == Packing.NONE ? name : name.substring(0, name.lastIndexOf('.'));
        FileFormat format = new FileFormat(content(ending(unpacked)), packing);
        if (PACKED_WITHIN.contains(format.content) && format.packing != Packing.NONE) {
            throw new InvalidInputException(file + " is packed, and " + ending(unpacked) + " files are not read so: unpack it first");
        }
        return format;
    }

    private static String ending(String name) {
        return name.substring(Math.max(0, name.lastIndexOf('.')));
    }

    private static Content content(String ending) {
        return switch (ending) {
            case ".jsonl", ".json", ".ndjson" -> Content.JSON_LINES;
            case ".parquet" -> Content.PARQUET;
            case ".arrow" -> Content.ARROW;
            case ".jar" -> Content.JAVA_SOURCES;
            default -> Content.TEXT;
        };
    }

    private static Packing packing(String ending) {
        return switch (ending) {
            case ".gz", ".gzip" -> Packing.GZIP;
            case ".zst", ".zstd" -> Packing.ZSTD;
            default -> Packing.NONE;
        };
    }
}
