package ai.spattention.eval.jinja;

import java.util.HashMap;
import java.util.Map;

/** The variables of a scope while it runs, with the scopes around it. Which names a scope has, {@link Symbols} decides. */
final class Frame {

    /** What a variable holds before anything was put into it. */
    static final Object MISSING = new Object();

    private final Frame outer;
    private final Map<String, Object> values = new HashMap<>();

    /** Enters a scope; its parameters are to be set. */
    Frame(Run run, Symbols symbols, Frame outer) {
        this.outer = outer;
        symbols.loads().forEach((name, load) -> {
            switch (load) {
                case RESOLVE -> values.put(name, run.resolve(name));
                case ALIAS -> values.put(name, outer.get(name));
                case MISSING, PARAMETER -> values.put(name, MISSING);
            }
        });
    }

    /** A variable's value; {@link #MISSING} if it has none yet. */
    Object get(String name) {
        Frame frame = this;
        while (!frame.values.containsKey(name)) {
            frame = frame.outer;
        }
        return frame.values.get(name);
    }

    /** Sets a variable of this scope. */
    void set(Run run, String name, Object value) {
        values.put(name, value);
        if (outer == null) {
            run.export(name, value);
        }
    }
}
