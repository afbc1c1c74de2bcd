package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.segment.NoGradient;
import java.util.ArrayList;
import java.util.List;

/**
 * Where parameters lie in one flat vector, one after the other, and which slice of it is whose: every rank has as many elements, one after
 * the other, so that of a parameter it has one part at most. The vector need not exist: it is how parts are named.
 */
public final class FlatLayout {

    /** Parameters begin and slices are cut at multiples of so many elements. */
    public static final int BLOCK = 4096;

    private final List<Parameter> parameters;
    private final long[] places;
    private final long unit;
    private final long slice;
    private final int ranks;

    /**
     * Lays parameters out in blocks.
     *
     * @param parameters the parameters; one that comes twice lies where it comes first
     * @param ranks how many slices there are
     */
    public FlatLayout(List<Parameter> parameters, int ranks) {
        this(parameters, BLOCK, BLOCK, ranks);
    }

    /**
     * Lays parameters out.
     *
     * @param parameters the parameters; one that comes twice lies where it comes first
     * @param unit every parameter begins at a multiple of so many elements
     * @param cut a slice has a multiple of so many elements, itself a multiple of the unit
     * @param ranks how many slices there are
     */
    public FlatLayout(List<Parameter> parameters, long unit, long cut, int ranks) {
        this.parameters = parameters.stream().distinct().toList();
        this.unit = unit;
        this.ranks = ranks;
        places = new long[this.parameters.size()];
        long end = 0;
        for (int i = 0; i < places.length; i++) {
            places[i] = end;
            end += roundUp(this.parameters.get(i).getShape().size(), unit);
        }
        slice = roundUp(end, cut * ranks) / ranks;
    }

    private static long roundUp(long number, long multiple) {
        return (number + multiple - 1) / multiple * multiple;
    }

    /**
     * A part of a parameter.
     *
     * @param parameter the parameter
     * @param begin the first of its row-major elements
     * @param end the element after the last
     * @param place where the first one lies in the flat vector
     */
    public record Fragment(Parameter parameter, long begin, long end, long place) {

        /**
         * How many elements it has.
         *
         * @return at least 1
         */
        public long size() {
            return end - begin;
        }

        /**
         * The shape of arrays of it.
         *
         * @return the parameter's where it is all of it, else [size]
         */
        public Shape shape() {
            return size() == parameter.getShape().size() ? parameter.getShape() : new Shape(size());
        }

        /**
         * Its part of an array of the whole parameter.
         *
         * @param array in the parameter's shape
         * @return a view in {@link #shape()}, without a gradient; the caller closes it
         */
        public NDArray of(NDArray array) {
            try (NoGradient viewing = new NoGradient(); NDArray flat = array.reshape(array.size())) {
                return view(flat, begin);
            }
        }

        /**
         * Its part of a stretch of the flat vector.
         *
         * @param flat the stretch, [n]
         * @param first where in the flat vector that begins
         * @return a view in {@link #shape()}; the caller closes it
         */
        public NDArray ofFlat(NDArray flat, long first) {
            return view(flat, place - first);
        }

        private NDArray view(NDArray flat, long from) {
            try (NDArray part = flat.get(new NDIndex("{}:{}", from, from + size()))) {
                return part.reshape(shape());
            }
        }
    }

    /**
     * How many elements the flat vector has, with the gaps behind parameters.
     *
     * @return as many for each rank
     */
    public long elements() {
        return slice * ranks;
    }

    /**
     * How many elements a slice has.
     *
     * @return at least 1 unless there is no parameter
     */
    public long slice() {
        return slice;
    }

    /**
     * How many units the flat vector has.
     *
     * @return its elements by the unit; each unit belongs to one parameter, or to none at the end
     */
    public int units() {
        return Math.toIntExact(elements() / unit);
    }

    /**
     * All parameters whole.
     *
     * @return a fragment each, in order
     */
    public List<Fragment> whole() {
        return fragments(0, elements());
    }

    /**
     * The parts of parameters in a rank's slice.
     *
     * @param rank whose
     * @return the parts in order
     */
    public List<Fragment> fragments(int rank) {
        return fragments(rank * slice, (rank + 1) * slice);
    }

    /**
     * The parts of parameters in a stretch of the flat vector.
     *
     * @param from its first element
     * @param to the element after its last
     * @return the parts in order
     */
    public List<Fragment> fragments(long from, long to) {
        List<Fragment> fragments = new ArrayList<>();
        for (int i = 0; i < places.length; i++) {
            long first = Math.max(from, places[i]);
            long last = Math.min(to, places[i] + parameters.get(i).getShape().size());
            if (first < last) {
                fragments.add(new Fragment(parameters.get(i), first - places[i], last - places[i], first));
            }
        }
        return fragments;
    }
}
