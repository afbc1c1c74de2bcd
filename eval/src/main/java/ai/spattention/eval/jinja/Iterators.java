package ai.spattention.eval.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Iterators that compute their items when they are asked for. */
final class Iterators {

    private Iterators() {}

    static Iterator<Object> map(Iterator<Object> items, Function<Object, Object> change) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Object next() {
                return change.apply(items.next());
            }
        };
    }

    static Iterator<Object> filter(Iterator<Object> items, Predicate<Object> wanted) {
        return new Iterator<>() {
            private boolean found;
            private Object next;

            @Override
            public boolean hasNext() {
                while (!found && items.hasNext()) {
                    next = items.next();
                    found = wanted.test(next);
                }
                return found;
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                found = false;
                return next;
            }
        };
    }

    /** An iterator that is made when its first item is asked for. */
    static Iterator<Object> lazy(Supplier<Iterator<Object>> make) {
        return new Iterator<>() {
            private Iterator<Object> items;

            @Override
            public boolean hasNext() {
                items = items == null ? make.get() : items;
                return items.hasNext();
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return items.next();
            }
        };
    }
}
