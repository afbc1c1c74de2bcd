package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.segment.NoGradient;
import ai.spattention.train.distributed.Collectives;
import java.util.function.Function;

/**
 * Sums and shares arrays of all parameters over the ranks, by pieces of the flat vector in one buffer of bounded size: a piece holds the same
 * stretch of every rank's slice, a row for each rank.
 */
public final class FlatBuffer implements AutoCloseable {

    /** Elements of the buffer at most: 64 MiB, of which networks are as fast as of more. */
    private static final long MOST_ELEMENTS = 1L << 24;

    private final FlatLayout layout;
    private final Collectives collectives;
    private final NDManager manager;
    private final NDArray buffer;
    /** Elements of a row. */
    private final long row;

    /**
     * Creates a buffer.
     *
     * @param layout the flat vector, in as many slices as there are ranks
     * @param collectives the ranks
     * @param parent the manager that owns the memory if {@link #close} is not called earlier, on the arrays' device
     */
    public FlatBuffer(FlatLayout layout, Collectives collectives, NDManager parent) {
        this(layout, collectives, parent, MOST_ELEMENTS);
    }

    FlatBuffer(FlatLayout layout, Collectives collectives, NDManager parent, long mostElements) {
        this.layout = layout;
        this.collectives = collectives;
        manager = parent.newSubManager();
        manager.setName("flat buffer");
        row = Math.min(layout.slice(), Math.max(1, mostElements / collectives.size() / FlatLayout.BLOCK) * FlatLayout.BLOCK);
        buffer = manager.zeros(new Shape(row * collectives.size()));
    }

    /** What is done with a piece, which begins so many elements behind the begin of each slice. */
    @FunctionalInterface
    private interface Act {

        void on(NDArray piece, long first, long elements);
    }

    private void eachPiece(Act act) {
        for (long first = 0; first < layout.slice(); first += row) {
            long elements = Math.min(row, layout.slice() - first);
            try (NoGradient copying = new NoGradient(); NDArray piece = part(buffer, 0, elements * collectives.size())) {
                act.on(piece, first, elements);
            }
        }
    }

    /**
     * Sums arrays over the ranks, in place.
     *
     * @param arrays gives a parameter's array in its shape, float32, which is closed
     */
    public void allReduce(Function<Parameter, NDArray> arrays) {
        eachPiece((piece, first, elements) -> {
            for (int rank = 0; rank < collectives.size(); rank++) {
                collect(arrays, rank, piece, first, elements);
            }
            collectives.allReduce(piece);
            for (int rank = 0; rank < collectives.size(); rank++) {
                hand(arrays, rank, piece, first, elements);
            }
        });
    }

    /**
     * Sums arrays over the ranks, and adds the sums of the own slice.
     *
     * @param arrays gives a parameter's array in its shape, float32, which is closed
     * @param slice what is added to, [{@link FlatLayout#slice()}], float32; what lies in gaps between parameters is undefined
     */
    public void reduceScatter(Function<Parameter, NDArray> arrays, NDArray slice) {
        eachPiece((piece, first, elements) -> {
            for (int rank = 0; rank < collectives.size(); rank++) {
                collect(arrays, rank, piece, first, elements);
            }
            collectives.reduceScatter(piece);
            try (NDArray own = part(piece, collectives.rank() * elements, elements); NDArray sums = part(slice, first, elements)) {
                sums.addi(own);
            }
        });
    }

    /**
     * Gives all ranks what each has in its slice.
     *
     * @param arrays gives a parameter's array in its shape, float32, which is closed
     */
    public void allGather(Function<Parameter, NDArray> arrays) {
        eachPiece((piece, first, elements) -> {
            collect(arrays, collectives.rank(), piece, first, elements);
            collectives.allGather(piece);
            for (int rank = 0; rank < collectives.size(); rank++) {
                if (rank != collectives.rank()) {
                    hand(arrays, rank, piece, first, elements);
                }
            }
        });
    }

    /** Copies a row in. */
    private void collect(Function<Parameter, NDArray> arrays, int rank, NDArray piece, long first, long elements) {
        copy(arrays, rank, piece, first, elements, (lies, here) -> OptimOperators.module().call("copy", here, lies).close());
    }

    /** Copies a row out. */
    private void hand(Function<Parameter, NDArray> arrays, int rank, NDArray piece, long first, long elements) {
        copy(arrays, rank, piece, first, elements, (lies, here) -> OptimOperators.module().call("copy", lies, here).close());
    }

    private void copy(Function<Parameter, NDArray> arrays, int rank, NDArray piece, long first, long elements, Copy copy) {
        long from = rank * layout.slice() + first;
        for (FlatLayout.Fragment fragment : layout.fragments(from, from + elements)) {
            try (NDArray array = arrays.apply(fragment.parameter()); NDArray lies = fragment.of(array);
                    NDArray here = fragment.ofFlat(piece, from - rank * elements)) {
                copy.between(lies, here);
            }
        }
    }

    @FunctionalInterface
    private interface Copy {

        void between(NDArray lies, NDArray here);
    }

    private static NDArray part(NDArray flat, long first, long elements) {
        return flat.get(new NDIndex("{}:{}", first, first + elements));
    }

    @Override
    public void close() {
        manager.close();
    }
}
