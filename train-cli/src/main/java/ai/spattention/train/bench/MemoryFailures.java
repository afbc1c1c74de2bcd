package ai.spattention.train.bench;

import ai.spattention.train.machine.MemoryError;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** What ran out of memory in a benchmark, in which the rest goes on. */
public final class MemoryFailures {

    private final List<String> lines = new ArrayList<>();
    private final Consumer<String> notes;

    /**
     * Creates an empty list.
     *
     * @param notes told of each failure as it happens
     */
    public MemoryFailures(Consumer<String> notes) {
        this.notes = notes;
    }

    /**
     * Runs something, unless the memory does not suffice.
     *
     * @param what it is, for people
     * @param work what to run; other failures than of memory are passed on
     * @return whether it ran to its end
     */
    public boolean runs(String what, Runnable work) {
        try {
            work.run();
            return true;
        } catch (RuntimeException e) {
            if (MemoryError.of(e).isEmpty()) {
                throw e;
            }
            lines.add(what + ": out of memory");
            notes.accept("warning: " + lines.get(lines.size() - 1));
            return false;
        }
    }

    /**
     * The failures so far.
     *
     * @return a line for each
     */
    public List<String> lines() {
        return List.copyOf(lines);
    }
}
