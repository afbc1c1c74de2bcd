package ai.spattention.eval.data;

import ai.spattention.olmoe.io.WellFormedText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values as a {@link Row} has them. */
final class Values {

    private Values() {}

    /** A map of text to values; a null stays one, as the templates' None. */
    static Map<String, Object> fields(Map<?, ?> map) {
        Map<String, Object> fields = new LinkedHashMap<>();
        map.forEach((key, value) -> fields.put(String.valueOf(key), of(value)));
        return fields;
    }

    private static Object of(Object value) {
        if (value instanceof Map<?, ?> map) {
            return fields(map);
        }
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>();
            list.forEach(item -> items.add(of(item)));
            return items;
        }
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return value;
        }
        return WellFormedText.of(value.toString());
    }
}
