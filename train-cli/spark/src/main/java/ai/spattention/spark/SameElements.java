package ai.spattention.spark;

import java.io.Serializable;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/** Gives what it gets: a barrier stage begins with one of Scala's functions, what follows it in the stage may be Java's. */
final class SameElements<T> extends AbstractFunction1<Iterator<T>, Iterator<T>> implements Serializable {

    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<T> apply(Iterator<T> elements) {
        return elements;
    }
}
