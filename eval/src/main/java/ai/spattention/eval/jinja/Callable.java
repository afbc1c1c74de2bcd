package ai.spattention.eval.jinja;

/** What can be called. */
@FunctionalInterface
interface Callable {

    Object call(Run run, Arguments arguments);
}
