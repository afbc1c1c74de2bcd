package ai.spattention.olmoe.json;

import ai.spattention.olmoe.io.TextLines;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

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
     * A strict reader of records that refuses a missing component, and null for a number, too.
     *
     * @return a builder, to be adjusted further
     */
    public static JsonMapper.Builder ofRecords() {
        return builder()
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);
    }
}
