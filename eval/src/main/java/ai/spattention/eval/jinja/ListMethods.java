package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The methods of {@code list}, {@code tuple} and {@code range}. */
final class ListMethods {

    static final Map<String, Methods.Work<List<Object>>> OF_TUPLES = Map.of(
            "count", (run, self, arguments) -> count(run, self, arguments),
            "index", (run, self, arguments) -> index(run, self, arguments));
    static final Map<String, Methods.Work<Range>> OF_RANGES = Map.of(
            "count", (run, self, arguments) -> {
                boolean has = Order.contains(run, self, arguments.bindPositional("count()", 1, 1).get(0));
                return has ? BigInteger.ONE : BigInteger.ZERO;
            },
            "index", (run, self, arguments) -> {
                BigInteger value = arguments.bindPositional("index()", 1, 1).integer(0);
                if (!self.has(value)) {
                    throw notThere();
                }
                return value.subtract(self.start()).divide(self.step());
            });
    static final Map<String, Methods.Work<List<Object>>> OF_LISTS = ofLists();

    private ListMethods() {}

    private static Map<String, Methods.Work<List<Object>>> ofLists() {
        Map<String, Methods.Work<List<Object>>> all = new HashMap<>(OF_TUPLES);
        all.put("append", (run, self, arguments) -> {
            Object item = arguments.bindPositional("append()", 1, 1).get(0);
            run.checkItems(self.size() + 1L);
            self.add(item);
            return null;
        });
        all.put("extend", (run, self, arguments) -> {
            List<Object> more = Values.list(run, arguments.bindPositional("extend()", 1, 1).get(0));
            run.checkItems((long) self.size() + more.size());
            self.addAll(more);
            return null;
        });
        all.put("insert", (run, self, arguments) -> {
            Arguments.Bound given = arguments.bindPositional("insert()", 2, 2);
            run.checkItems(self.size() + 1L);
            run.spend(self.size() / 64);
            self.add(bounded(given.number(0, 0), self.size()), given.get(1));
            return null;
        });
        all.put("pop", (run, self, arguments) -> {
            int place = arguments.bindPositional("pop()", 0, 1).number(0, -1);
            int at = place < 0 ? place + self.size() : place;
            if (at < 0 || at >= self.size()) {
                throw new InvalidInputException("pop() finds no item " + place + " in a list of " + self.size());
            }
            run.spend(self.size() / 64);
            return self.remove(at);
        });
        all.put("remove", (run, self, arguments) -> {
            self.remove(index(run, self, new Arguments(Arrays.asList(arguments.bindPositional("remove()", 1, 1).values()),
                    Map.of())).intValueExact());
            return null;
        });
        all.put("clear", (run, self, arguments) -> {
            arguments.bindPositional("clear()", 0, 0);
            self.clear();
            return null;
        });
        all.put("copy", (run, self, arguments) -> {
            arguments.bindPositional("copy()", 0, 0);
            run.spend(self.size());
            return new ArrayList<>(self);
        });
        all.put("reverse", (run, self, arguments) -> {
            arguments.bindPositional("reverse()", 0, 0);
            run.spend(self.size());
            Collections.reverse(self);
            return null;
        });
        all.put("sort", (run, self, arguments) -> {
            Arguments.Bound given = arguments.bind("sort()", 0, "key", "reverse");
            if (!arguments.positional().isEmpty() || given.get(0, null) != null) {
                throw new InvalidInputException("sort() with a key is not supported: use the filter 'sort'");
            }
            List<Object> sorted = Sequences.sorted(run, self, item -> item, given.truth(1, false));
            self.clear();
            self.addAll(sorted);
            return null;
        });
        return Collections.unmodifiableMap(all);
    }

    private static int bounded(int place, int size) {
        return place < 0 ? Math.max(0, place + size) : Math.min(place, size);
    }

    private static BigInteger count(Run run, List<Object> self, Arguments arguments) {
        Object value = arguments.bindPositional("count()", 1, 1).get(0);
        return BigInteger.valueOf(self.stream().filter(item -> item == value || Order.equal(run, item, value)).count());
    }

    private static BigInteger index(Run run, List<Object> self, Arguments arguments) {
        Arguments.Bound given = arguments.bindPositional("index()", 1, 3);
        int end = bounded(given.number(2, self.size()), self.size());
        for (int i = bounded(given.number(1, 0), self.size()); i < end; i++) {
            if (self.get(i) == given.get(0) || Order.equal(run, self.get(i), given.get(0))) {
                return BigInteger.valueOf(i);
            }
        }
        throw notThere();
    }

    private static InvalidInputException notThere() {
        return new InvalidInputException("a value that must be there was not found among others");
    }
}
