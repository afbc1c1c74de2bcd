package ai.spattention.train.config;

import ai.spattention.InvalidInputException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads one YAML document into settings that know their lines. Works on the parser's events, so that aliases are seen
 * before they could multiply, and the second of two equal keys before it could hide the first.
 */
final class YamlReader {

    /** What the origin of an override starts with. */
    static final String OVERRIDE = "--set ";

    private static final YAMLFactory YAML = new YAMLFactory();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Pattern OCTAL = Pattern.compile("[-+]?0[0-9_]+");

    private final String name;
    private final YAMLParser parser;
    private final Predicate<String> isWhole;
    private final Map<String, Setting> settings = new LinkedHashMap<>();

    private YamlReader(String name, YAMLParser parser, Predicate<String> isWhole) {
        this.name = name;
        this.parser = parser;
        this.isWhole = isWhole;
    }

    /**
     * Reads a document of sections and keys. A section is among the settings too, with an empty object as its value.
     *
     * @param isWhole tells the keys whose lists and objects of scalars are their values
     */
    static Map<String, Setting> read(ConfigSource source, Predicate<String> isWhole) {
        String text = source.read();
        try (YAMLParser parser = YAML.createParser(text)) {
            YamlReader reader = new YamlReader(source.name(), parser, isWhole);
            reader.readDocument();
            return reader.settings;
        } catch (JsonProcessingException e) {
            throw malformed(source.name(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + source.name(), e);
        }
    }

    /**
     * Reads {@code key=value}. The value is one YAML scalar; text that YAML would take apart (a colon, a comment sign)
     * stays whole, since a command line has no lines to structure.
     */
    static Setting readOverride(String override) {
        int equals = override.indexOf('=');
        String origin = OVERRIDE + Setting.shown(override);
        if (equals < 1) {
            throw new InvalidInputException(origin + ": write it as key=value, such as --set training.steps=100");
        }
        return readText(override.substring(0, equals).strip(), override.substring(equals + 1), origin);
    }

    /**
     * Reads a value that stands alone: one YAML scalar, or text that stays whole.
     *
     * @param origin where it was written, for messages
     */
    static Setting readText(String path, String text, String origin) {
        Setting plain = new Setting(path, NODES.textNode(text), text, origin);
        boolean quoted = text.length() > 1 && (text.startsWith("\"") || text.startsWith("'"))
                && text.charAt(0) == text.charAt(text.length() - 1);
        try (YAMLParser parser = YAML.createParser(text)) {
            JsonToken token = parser.nextToken();
            if (token == null || !token.isScalarValue() || token == JsonToken.VALUE_NULL && text.isBlank()
                    || parser.isCurrentAlias() || !quoted && !parser.getText().equals(text.strip())) {
                return plain;
            }
            Setting setting = new YamlReader(origin, parser, any -> false).scalar(path, token, origin);
            return parser.nextToken() == null ? setting : plain;
        } catch (JsonProcessingException e) {
            if (quoted) {
                throw new InvalidInputException(origin + ": " + problem(e), e);
            }
            return plain;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + origin, e);
        }
    }

    private void readDocument() throws IOException {
        JsonToken token = parser.nextToken();
        if (token == null) {
            throw new InvalidInputException(name + " is empty: a configuration has keys with values");
        }
        if (token != JsonToken.START_OBJECT) {
            throw new InvalidInputException(origin() + ": a configuration starts with a key, such as 'name: my-run' (got "
                    + (token == JsonToken.START_ARRAY ? "a list" : "'" + Setting.shown(parser.getText()) + "'") + ")");
        }
        readSection("");
        if (parser.nextToken() != null) {
            throw new InvalidInputException(origin() + ": a second YAML document starts here: a configuration is one");
        }
    }

    private void readSection(String prefix) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            String path = prefix + key;
            String origin = origin();
            if (key.indexOf('.') >= 0) {
                throw new InvalidInputException(origin + ": a key has no dots (got '" + Setting.shown(path)
                        + "'): write sections as indented keys");
            }
            JsonToken token = parser.nextToken();
            Setting setting = value(path, token, origin);
            Setting earlier = settings.put(path, setting);
            if (earlier != null) {
                throw new InvalidInputException(origin + ": the key '" + Setting.shown(path) + "' was given before, at "
                        + earlier.origin() + ": give it once");
            }
            if (token == JsonToken.START_OBJECT && !isWhole.test(path)) {
                readSection(path + ".");
            }
        }
    }

    private Setting value(String path, JsonToken token, String origin) throws IOException {
        if (token.isStructStart() && isWhole.test(path)) {
            return new Setting(path, token == JsonToken.START_ARRAY ? list(path) : object(path), "", origin);
        }
        if (token == JsonToken.START_OBJECT) {
            return new Setting(path, NODES.objectNode(), "", origin);
        }
        if (token == JsonToken.START_ARRAY) {
            parser.skipChildren();
            return new Setting(path, NODES.arrayNode(), "", origin);
        }
        return scalar(path, token, origin);
    }

    private JsonNode list(String path) throws IOException {
        ArrayNode list = NODES.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            list.add(element(path));
        }
        return list;
    }

    private JsonNode object(String path) throws IOException {
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            String origin = origin();
            parser.nextToken();
            if (object.putIfAbsent(key, element(path + "." + key)) != null) {
                throw new InvalidInputException(origin + ": the key '" + Setting.shown(path + "." + key) + "' was given before: give it"
                        + " once");
            }
        }
        return object;
    }

    private JsonNode element(String path) throws IOException {
        if (parser.currentToken().isStructStart()) {
            throw new InvalidInputException(origin() + ": '" + Setting.shown(path) + "' must not hold lists or keys of its own");
        }
        return scalar(path, parser.currentToken(), origin()).value();
    }

    private Setting scalar(String path, JsonToken token, String origin) throws IOException {
        String text = parser.getText();
        if (parser.isCurrentAlias()) {
            throw new InvalidInputException(origin + ": the value of '" + Setting.shown(path) + "' is an alias (*"
                    + Setting.shown(text) + "): write it out");
        }
        if (token == JsonToken.VALUE_NUMBER_INT && OCTAL.matcher(text).matches()) {
            throw new InvalidInputException(origin + ": the value of '" + Setting.shown(path)
                    + "' starts with 0, which YAML reads as octal (got " + Setting.shown(text) + "): leave the 0 away");
        }
        JsonNode node = switch (token) {
            case VALUE_NULL -> NODES.nullNode();
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NUMBER_INT -> NODES.numberNode(parser.getBigIntegerValue());
            case VALUE_NUMBER_FLOAT -> number(text);
            default -> NODES.textNode(text);
        };
        return new Setting(path, node, text, origin);
    }

    /** YAML's .inf and .nan are floats to the parser, but not numbers that it reads: no key allows them. */
    private JsonNode number(String text) throws IOException {
        return text.toLowerCase(Locale.ROOT).matches("[-+]?\\.(inf|nan)")
                ? NODES.textNode(text) : NODES.numberNode(parser.getDoubleValue());
    }

    private String origin() {
        return name + ":" + parser.currentTokenLocation().getLineNr();
    }

    private static InvalidInputException malformed(String name, JsonProcessingException e) {
        int line = e.getCause() instanceof MarkedYAMLException marked && marked.getProblemMark() != null
                ? marked.getProblemMark().getLine() + 1
                : e.getLocation() == null ? 1 : e.getLocation().getLineNr();
        return new InvalidInputException(name + ":" + line + ": this is not YAML: " + problem(e), e);
    }

    /** The parser's own words, without its pictures of the text, which take several lines. */
    private static String problem(JsonProcessingException e) {
        String words = e.getCause() instanceof MarkedYAMLException marked && marked.getProblem() != null
                ? marked.getProblem() : e.getOriginalMessage();
        return Setting.shown(words.lines().findFirst().orElse("unreadable"));
    }
}
