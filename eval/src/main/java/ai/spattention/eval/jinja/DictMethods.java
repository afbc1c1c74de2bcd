package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The methods of {@code dict}. */
final class DictMethods {

    static final Map<String, Methods.Work<Dict>> ALL = all();

    private DictMethods() {}

    private static Map<String, Methods.Work<Dict>> all() {
        Map<String, Methods.Work<Dict>> all = new HashMap<>();
        for (DictView.Part part : DictView.Part.values()) {
            String name = part.name().toLowerCase(Locale.ROOT);
            all.put(name, (run, self, arguments) -> {
                arguments.bindPositional(name + "()", 0, 0);
                return new DictView(self, part);
            });
        }
        all.put("get", (run, self, arguments) -> {
            Arguments.Bound given = arguments.bindPositional("get()", 1, 2);
            Dict.Entry entry = self.find(given.get(0));
            return entry == null ? given.get(1, null) : entry.value();
        });
        all.put("copy", (run, self, arguments) -> {
            arguments.bindPositional("copy()", 0, 0);
            run.spend(self.size());
            return self.copy();
        });
        all.put("clear", (run, self, arguments) -> {
            arguments.bindPositional("clear()", 0, 0);
            self.clear();
            return null;
        });
        all.put("pop", (run, self, arguments) -> {
            Arguments.Bound given = arguments.bindPositional("pop()", 1, 2);
            Dict.Entry entry = self.remove(given.get(0));
            if (entry == null && !given.has(1)) {
                throw new InvalidInputException("pop() finds no key " + Text.repr(run, given.get(0)));
            }
            return entry == null ? given.get(1) : entry.value();
        });
        all.put("popitem", (run, self, arguments) -> {
            arguments.bindPositional("popitem()", 0, 0);
            if (self.size() == 0) {
                throw new InvalidInputException("popitem() finds nothing in an empty dict");
            }
            run.spend(self.size());
            Dict.Entry last = self.remove(self.last().key());
            return Tuple.of(last.key(), last.value());
        });
        all.put("setdefault", (run, self, arguments) -> {
            Arguments.Bound given = arguments.bindPositional("setdefault()", 1, 2);
            if (!self.has(given.get(0))) {
                run.checkItems(self.size() + 1L);
                self.put(given.get(0), given.get(1, null));
            }
            return self.find(given.get(0)).value();
        });
        all.put("update", (run, self, arguments) -> {
            update(run, self, "update()", arguments);
            return null;
        });
        return Collections.unmodifiableMap(all);
    }

    /** Puts in what is given: a dict, or pairs, and named values. */
    static void update(Run run, Dict self, String callee, Arguments arguments) {
        if (arguments.positional().size() > 1) {
            throw new InvalidInputException(callee + " takes one argument without a name (got "
                    + arguments.positional().size() + ")");
        }
        for (Object given : arguments.positional()) {
            if (given instanceof Dict dict) {
                run.spend(dict.size());
                dict.copy().entries().forEach(entry -> self.put(entry.key(), entry.value()));
            } else {
                Values.iterate(run, given).forEachRemaining(item -> {
                    List<Object> pair = Values.list(run, item);
                    if (pair.size() != 2) {
                        throw new InvalidInputException(callee + " needs pairs of key and value (got " + pair.size() + " values)");
                    }
                    run.checkItems(self.size() + 1L);
                    self.put(pair.get(0), pair.get(1));
                });
            }
        }
        arguments.named().forEach(self::put);
    }
}
