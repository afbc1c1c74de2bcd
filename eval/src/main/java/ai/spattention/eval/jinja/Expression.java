package ai.spattention.eval.jinja;

import java.util.function.Consumer;

/** What has a value. */
interface Expression {

    /** The value. Called through {@link Run#evaluate}, which bounds depth and time. */
    Object evaluate(Run run, Frame frame);

    /** Tells the names that it uses. */
    void names(Consumer<String> used);
}
