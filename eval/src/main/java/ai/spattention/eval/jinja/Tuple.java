package ai.spattention.eval.jinja;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * A tuple.
 *
 * @param items its items
 * @param names the names that its first items have, too
 */
record Tuple(List<Object> items, List<String> names) {

    static Tuple of(Object... items) {
        return new Tuple(Collections.unmodifiableList(Arrays.asList(items)), List.of());
    }

    static Tuple ofList(List<Object> items) {
        return new Tuple(Collections.unmodifiableList(items), List.of());
    }
}
