package ai.spattention.eval.jinja;

import java.util.Iterator;

/** What can be gone through once, such as the results of {@code select} and {@code map}. */
final class Generator implements Iterator<Object> {

    private final Run run;
    private final Iterator<Object> items;

    Generator(Run run, Iterator<Object> items) {
        this.run = run;
        this.items = items;
    }

    @Override
    public boolean hasNext() {
        run.enter();
        try {
            return items.hasNext();
        } finally {
            run.leave();
        }
    }

    @Override
    public Object next() {
        run.enter();
        try {
            return items.next();
        } finally {
            run.leave();
        }
    }
}
