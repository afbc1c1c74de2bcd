package ai.spattention.eval.jinja;

/** What {@code namespace()} gives: the one object whose attributes can be set. */
record Namespace(Dict attributes) {

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
