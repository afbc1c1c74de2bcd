package ai.spattention.eval.probe;

import java.util.List;

/** Tells how unlikely each token of a text is. */
@FunctionalInterface
public interface TokenLosses {

    /**
     * The losses of a batch of windows.
     *
     * @param windows at least one, all of one length N, all with documents or all without
     * @return for each window N losses in nats, NaN where no prediction is wanted
     */
    List<float[]> of(List<TokenWindow> windows);

    /**
     * How many batches had best be asked for at once.
     *
     * @return at least 1, the default
     */
    default int batchesAtOnce() {
        return 1;
    }

    /**
     * The losses of several batches.
     *
     * @param batches at least one, each as for {@link #of}, all of one length
     * @return for each window of each batch its losses, as {@link #of} gives them
     */
    default List<float[]> ofBatches(List<List<TokenWindow>> batches) {
        return batches.stream().flatMap(batch -> of(batch).stream()).toList();
    }
}
