package ai.spattention.train.optim;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.spattention.train.distributed.Collectives;
import java.util.List;
import java.util.function.Function;

/**
 * The norm over all gradients together, the same bits for any number of ranks: squares are added up in double precision in blocks of
 * {@link FlatLayout#BLOCK} elements, element by element, and the blocks' sums in their order.
 */
public final class GradientNorm {

    /** Elements whose squares exist at once. */
    private static final long PIECE = 1L << 22;

    private GradientNorm() {}

    /**
     * Computes the norm. All ranks call it.
     *
     * @param layout the flat vector of the gradients, in blocks
     * @param collectives the ranks, each of which adds up its own slice
     * @param gradients gives the gradients of a part of a parameter, float32, which are closed
     * @return the root of the sum of squares; not finite if a gradient of any rank is not
     */
    public static double of(FlatLayout layout, Collectives collectives, Function<FlatLayout.Fragment, NDArray> gradients) {
        double[] sums = new double[layout.units()];
        List<FlatLayout.Fragment> own = layout.fragments(collectives.rank());
        if (!own.isEmpty()) {
            int next = Math.toIntExact(own.get(0).place() / FlatLayout.BLOCK);
            double[] found = squares(own, gradients); // a parameter begins a block: there is none between two parts
            System.arraycopy(found, 0, sums, next, found.length);
        }
        double total = 0;
        for (double sum : collectives.sum(sums)) {
            total += sum;
        }
        return Math.sqrt(total);
    }

    private static double[] squares(List<FlatLayout.Fragment> own, Function<FlatLayout.Fragment, NDArray> gradients) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList sums = new NDList();
            for (FlatLayout.Fragment fragment : own) {
                try (NDArray gradient = gradients.apply(fragment); NDArray flat = gradient.reshape(gradient.size())) {
                    for (long first = 0; first < flat.size(); first += PIECE) {
                        try (NDArray piece = flat.get(new NDIndex("{}:{}", first, Math.min(first + PIECE, flat.size())))) {
                            sums.addAll(OptimOperators.module().call("block_squares", piece, FlatLayout.BLOCK));
                        }
                    }
                }
                sums.attach(scope);
            }
            return NDArrays.concat(sums).toDoubleArray();
        }
    }
}
