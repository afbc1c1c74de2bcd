package ai.spattention.segment;

import ai.djl.ndarray.NDList;
import java.util.function.Supplier;

/** Segments whose parts are watched. */
record Observed(Segments segments, PartObserver observer) implements Segments {

    @Override
    public boolean isExplicit() {
        return segments.isExplicit();
    }

    @Override
    public NDList run(String name, Part part, NDList inputs) {
        return observe(observer, name, () -> segments.run(name, part, inputs));
    }

    @Override
    public NDList run(String name, ExplicitPart part, NDList inputs) {
        return observe(observer, name, () -> segments.run(name, part, inputs));
    }

    @Override
    public NDList runAgainLater(Part part, NDList inputs) {
        return part.run(this, inputs);
    }

    static <T> T observe(PartObserver observer, String name, Supplier<T> work) {
        observer.begin(name);
        T result = work.get();
        observer.end(name);
        return result;
    }
}
