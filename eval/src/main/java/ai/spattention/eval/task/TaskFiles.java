package ai.spattention.eval.task;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.TextFile;
import ai.spattention.olmoe.io.VisibleText;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the files that describe tasks, strictly. Their size and how deep they nest are bounded. */
final class TaskFiles {

    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DEPTH = 20;
    private static final int SHOWN = 300;

    private static final YAMLFactory FACTORY = new YAMLFactory();
    private static final ObjectMapper YAML = YAMLMapper.builder(FACTORY)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private TaskFiles() {}

    /** The text of a file. */
    static String text(Path file) throws IOException {
        RegularFile.require(file, "the task file");
        if (Files.size(file) > MAX_BYTES) {
            throw new InvalidInputException("the task file " + file + " is larger than 1 MiB (" + Files.size(file)
                    + " bytes): a task file holds templates, not data");
        }
        return TextFile.read(file, "the task file", MAX_BYTES);
    }

    static <T> T read(String file, String content, Class<T> type) {
        try {
            check(file, content);
            T value = YAML.readValue(content, type);
            if (value == null) {
                throw new InvalidInputException(file + " is empty: it must describe a task");
            }
            return value;
        } catch (JsonMappingException e) {
            if (e.getCause() instanceof InvalidInputException cause) {
                throw new InvalidInputException(file + ": " + VisibleText.line(cause.getMessage()), e);
            }
            throw problem(file, e);
        } catch (JsonProcessingException e) {
            throw problem(file, e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /** Looks at what the reader of values would pass over: aliases and tags, which it takes for text, and depth. */
    private static void check(String file, String content) throws IOException {
        try (YAMLParser parser = FACTORY.createParser(content)) {
            int depth = 0;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                String where = file + " line " + parser.currentTokenLocation().getLineNr();
                if (parser.isCurrentAlias()) {
                    throw new InvalidInputException(where + ": '*" + shown(parser.getText()) + "' is an alias: write it out");
                }
                if (parser.getTypeId() != null) {
                    throw new InvalidInputException(where + ": the tag '!" + shown(String.valueOf(parser.getTypeId()))
                            + "' is not supported: a task file holds templates, and runs no code");
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (depth > MAX_DEPTH) {
                    throw new InvalidInputException(where + ": it nests more than " + MAX_DEPTH + " deep");
                }
            }
        }
    }

    private static String shown(String text) {
        String line = text.lines().findFirst().orElse("");
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
    }

    private static InvalidInputException problem(String file, JsonProcessingException e) {
        String place = e.getLocation() == null || e.getLocation().getLineNr() < 1 ? "" : " line " + e.getLocation().getLineNr();
        return new InvalidInputException(file + place + " does not describe a task: "
                + shown(String.valueOf(e.getOriginalMessage())).replaceAll(" \\(class [^)]*\\)", ""), e);
    }
}
