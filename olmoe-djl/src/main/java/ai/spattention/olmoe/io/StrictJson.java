package ai.spattention.olmoe.io;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;

/** Readers that take nothing for granted: what a file says twice, or after its end, is an error and not a matter of taste. */
public final class StrictJson {

    private StrictJson() {}

    /**
     * A reader that refuses a key that comes twice and whatever follows the first value.
     *
     * @return a builder, to be adjusted further
     */
    public static JsonMapper.Builder builder() {
        return JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    /**
     * Reads a tree of bytes in any of Unicode's encodings.
     *
     * @param reader the reader
     * @param content a file's bytes
     * @return the tree
     * @throws JsonProcessingException if they are no JSON, also where they only look like UTF-16 or UTF-32, of which Jackson tells by an
     *     exception as of a file that cannot be read
     */
    public static JsonNode tree(ObjectMapper reader, byte[] content) throws JsonProcessingException {
        try {
            return reader.readTree(content);
        } catch (JsonProcessingException e) {
            throw e;
        } catch (IOException e) {
            throw new JsonParseException(null, e.getMessage(), e);
        }
    }

    /**
     * A reader of rows, which are long and come from other programs: NaN and Infinity, which Python's {@code json} writes, are
     * numbers, and texts may be as long as a line.
     *
     * @return a builder, to be adjusted further
     */
    public static JsonMapper.Builder ofRows() {
        JsonFactory rows = JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(TextLines.LONGEST).build())
                .build();
        return JsonMapper.builder(rows);
    }

    /**
     * A strict reader of records that refuses a missing component, null, and a value of another type, too: text is no number, a
     * number no text, and 1.5 no whole number.
     *
     * @return a builder, to be adjusted further
     */
    public static JsonMapper.Builder ofRecords() {
        return builder()
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .withCoercionConfig(LogicalType.Textual, config -> config
                        .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Float, CoercionAction.Fail));
    }
}
