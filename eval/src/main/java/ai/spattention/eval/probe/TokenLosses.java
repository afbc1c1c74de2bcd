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
}
