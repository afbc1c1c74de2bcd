package ai.spattention.eval.probe;

import ai.djl.ndarray.NDManager;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * What probes ask.
 *
 * @param numHeads H, from which the width of a band follows
 * @param layoutLength the layout that the model is probed with
 * @param fixedLayout the layout that is set against that of the sequence at hand: the model's if it is fixed, else that of its longest
 *     sequence
 * @param losses the model's losses, given the layout
 */
public record ProbedModel(int numHeads, LayoutLength layoutLength, LayoutLength fixedLayout, Function<LayoutLength, TokenLosses> losses) {

    /**
     * A model as it is.
     *
     * @param model an initialised model
     * @param manager a manager on its device, for as long as it is probed
     * @return the model
     */
    public static ProbedModel of(OlmoeModel model, NDManager manager) {
        OlmoeConfig config = model.getConfig();
        LayoutLength own = config.layoutLength();
        return new ProbedModel(config.numAttentionHeads(), own,
                own.isSequence() ? LayoutLength.of(config.maxPositionEmbeddings()) : own,
                layout -> new ModelLosses(model.withLayoutLength(layout), manager));
    }

    /**
     * The same model probed with another layout; the fixed one stays.
     *
     * @param other the layout
     * @return the model
     */
    public ProbedModel withLayoutLength(LayoutLength other) {
        return new ProbedModel(numHeads, other, fixedLayout, losses);
    }

    /**
     * The same model whose losses are watched.
     *
     * @param watch gets the losses of each layout and gives what is asked in their place
     * @return the model
     */
    public ProbedModel watched(UnaryOperator<TokenLosses> watch) {
        return new ProbedModel(numHeads, layoutLength, fixedLayout, layout -> watch.apply(losses.apply(layout)));
    }

    /**
     * The fixed layout and that of the sequence at hand.
     *
     * @return both
     */
    public List<LayoutLength> bothLayouts() {
        return List.of(fixedLayout, LayoutLength.SEQUENCE);
    }
}
