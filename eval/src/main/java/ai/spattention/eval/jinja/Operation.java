package ai.spattention.eval.jinja;

/** A filter or a test: takes the value before the bar, or before {@code is}, and what stands in parentheses. */
@FunctionalInterface
interface Operation {

    Object apply(Run run, Object value, Arguments arguments);
}
