package ai.spattention.eval.jinja;

/** A macro, or the body of a call block, which has no name. */
record Macro(String name, Statements.Body body, Frame outer) implements Callable {

    @Override
    public Object call(Run run, Arguments arguments) {
        return body.call(run, outer, arguments);
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
