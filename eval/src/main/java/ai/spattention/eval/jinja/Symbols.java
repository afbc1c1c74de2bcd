package ai.spattention.eval.jinja;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The names of a scope, found before anything runs, as Jinja2 does: a name that is assigned anywhere in a scope belongs to
 * that scope, and what it holds at the start depends on where it was used first.
 */
final class Symbols {

    /** What a name holds when its scope is entered. */
    enum Load {
        /** a field or global */
        RESOLVE,
        /** what it holds in the scope around */
        ALIAS,
        /** nothing, until it is assigned */
        MISSING,
        /** what the scope is entered with */
        PARAMETER
    }

    private final Symbols outer;
    private final Symbols before;
    private final Map<String, Load> loads = new LinkedHashMap<>();
    private final Set<String> stores = new HashSet<>();

    /** A scope, or a branch of it, which sees what was found before the branch and keeps what it adds to itself. */
    private Symbols(Symbols outer, Symbols before) {
        this.outer = outer;
        this.before = before;
    }

    /** A scope within another, or the template's own where that is null. */
    static Symbols within(Symbols outer) {
        return new Symbols(outer, null);
    }

    Map<String, Load> loads() {
        return loads;
    }

    private boolean has(String name) {
        return loads.containsKey(name) || before != null && before.has(name);
    }

    private boolean hasStored(String name) {
        return stores.contains(name) || before != null && before.hasStored(name);
    }

    private boolean knows(String name) {
        return has(name) || outer != null && outer.knows(name);
    }

    /** A name is used. */
    void load(String name) {
        if (!knows(name)) {
            loads.put(name, Load.RESOLVE);
        }
    }

    void load(Expression expression) {
        if (expression != null) {
            expression.names(this::load);
        }
    }

    /** A name is assigned. */
    void store(String name) {
        stores.add(name);
        if (!has(name)) {
            loads.put(name, outer != null && outer.knows(name) ? Load.ALIAS : Load.MISSING);
        }
    }

    void parameter(String name) {
        stores.add(name);
        loads.put(name, Load.PARAMETER);
    }

    void declare(Collection<Statement> statements) {
        statements.forEach(statement -> statement.declare(this));
    }

    /** Statements of which only one list runs. */
    void branches(List<List<Statement>> branches) {
        List<Symbols> each = branches.stream().map(statements -> {
            Symbols branch = new Symbols(outer, this);
            branch.declare(statements);
            return branch;
        }).toList();
        Set<String> assigned = new HashSet<>();
        each.forEach(branch -> assigned.addAll(branch.stores));
        assigned.removeIf(this::hasStored);
        each.forEach(branch -> {
            loads.putAll(branch.loads);
            stores.addAll(branch.stores);
        });
        assigned.forEach(name -> loads.put(name, outer != null && outer.knows(name) ? Load.ALIAS : Load.RESOLVE));
    }
}
