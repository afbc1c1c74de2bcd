package ai.spattention.eval.probe;

import ai.djl.ndarray.NDManager;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * What probes ask.
 *
 * @param numHeads H, from which the width of a band follows
 * @param layoutLength the layout that the model is probed with
 * @param losses the model's losses, given the layout
 */
public record ProbedModel(int numHeads, LayoutLength layoutLength, Function<LayoutLength, TokenLosses> losses) {

    /**
     * A model as it is.
     *
     * @param model an initialised model
     * @param manager a manager on its device, for as long as it is probed
     * @return the model
     */
    public static ProbedModel of(OlmoeModel model, NDManager manager) {
        return new ProbedModel(model.getConfig().numAttentionHeads(), model.getConfig().layoutLength(),
                layout -> new ModelLosses(model.withLayoutLength(layout), manager));
    }

    /**
     * The same model whose losses are watched.
     *
     * @param watch gets the losses of each layout and gives what is asked in their place
     * @return the model
     */
    public ProbedModel watched(UnaryOperator<TokenLosses> watch) {
        return new ProbedModel(numHeads, layoutLength, layout -> watch.apply(losses.apply(layout)));
    }

    /**
     * The fixed layout that is set against the layout of the sequence at hand.
     *
     * @param length the length that takes the place of a fixed one where the model's layout is that of the sequence
     * @return the model's layout if it is fixed, else that of the length
     */
    public LayoutLength fixedLayout(int length) {
        return layoutLength.isSequence() ? LayoutLength.of(length) : layoutLength;
    }
}
