package ai.spattention.olmoe.pass;

import ai.djl.nn.Parameter;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.ArrayList;
import java.util.List;

/**
 * Matrices whose gradients a pass completes together; they lie one after the other among all matrices.
 *
 * @param name for people, for example {@code layer 3}
 * @param begin their first element
 * @param end the element after their last
 * @param isBegunForward whether the forward phase writes to them: the output matrix, also where it is the embedding
 */
public record GradientGroup(String name, long begin, long end, boolean isBegunForward) {

    /**
     * A model's groups.
     *
     * @param model a model whose parameters have their shapes
     * @return the groups in the order in which passes complete them, from the end to the beginning: the output matrix if it is one of its own,
     *     layers from the last to the first, the embedding
     */
    static List<GradientGroup> of(OlmoeModel model) {
        boolean tied = model.getConfig().tieWordEmbeddings();
        List<GradientGroup> groups = new ArrayList<>();
        groups.add(next(groups, "the embedding", List.of(model.getEmbedding().getWeight()), tied));
        int number = 0;
        for (DecoderLayer layer : model.getLayers()) {
            groups.add(0, next(groups, "layer " + number++, LayerWeights.matrices(layer), false));
        }
        if (!tied) {
            groups.add(0, next(groups, "the output matrix", List.of(model.getOutputWeight()), true));
        }
        return List.copyOf(groups);
    }

    private static GradientGroup next(List<GradientGroup> before, String name, List<Parameter> parameters, boolean isBegunForward) {
        long begin = before.isEmpty() ? 0 : before.get(0).end;
        return new GradientGroup(name, begin, begin + parameters.stream().mapToLong(FlatWeights::room).sum(), isBegunForward);
    }

    /** Whether the forward phase completes them: the output matrix, where it is one of its own. */
    boolean isCompletedForward() {
        return isBegunForward && begin > 0;
    }

    @Override
    public String toString() {
        return name;
    }
}
