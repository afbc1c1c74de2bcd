package ai.spattention.eval.jinja;

import java.util.function.Consumer;

/** A part of a template: text, an output or a tag. */
interface Statement {

    /** Tells a scope the names that it uses and assigns there. */
    void declare(Symbols symbols);

    /** Finds the names of the scopes within, once those of the scope around are known. */
    void resolve(Symbols symbols);

    /** Tells the names that are used within, also in scopes within. */
    void names(Consumer<String> used);

    void run(Run run, Frame frame, Output out);
}
