package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.groupedmatmul.ExpertRows;
import ai.spattention.groupedmatmul.GroupedMatmulSteps;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.Tensor;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.swiglu.SwiGluSteps;

/**
 * The experts by grouped products on a GPU: tokens' rows copied into the experts' order, all experts in one launch a product, and
 * nothing waits for the device. Keeps the gate and up projections' results for its backward pass, as {@link ExpertsPart}.
 *
 * <p>Inputs: hidden states [T, C] in bfloat16, weights [T, K], gate and up matrices [E, 2 I, C], down matrices [E, C, I]. Output:
 * [T, C].
 */
final class GroupedExpertsPart implements ExplicitPart {

    private static final int BOTH = 4; // where the kept arrays go on after those of the rows
    private static final int ROW_WEIGHTS = 5;

    private final NDArray chosen;

    /**
     * Creates the part.
     *
     * @param chosen the tokens' experts, [T, K], int64; not used any more after the forward pass
     */
    GroupedExpertsPart(NDArray chosen) {
        this.chosen = chosen;
    }

    @Override
    public Forward forward(NDList inputs) {
        try (ArrayLaunches launches = ArrayLaunches.over(inputs.get(0), inputs.get(1), chosen)) {
            return forward(launches, inputs);
        }
    }

    Forward forward(ArrayLaunches launches, NDList inputs) {
        NDArray hidden = inputs.get(0);
        long size = hidden.getShape().get(1);
        long width = inputs.get(3).getShape().get(2);
        ExpertRows rows = ExpertRows.of(chosen, inputs.get(2).getShape().get(0), GroupedMatmulSteps.rowsOfTile(launches.target()));
        GroupedMatmulSteps products = rows.products(launches);
        long count = rows.order().size();
        NDArray rowWeights = rows.rowWeights(inputs.get(1));
        Tensor places = rows.places(launches);
        Tensor ordered = launches.array("tokens' rows", Type.BFLOAT16, count, size);
        products.dispatch(launches.dense("hidden states", hidden), places, ordered);
        Tensor both = launches.array("gate and up", Type.BFLOAT16, count, 2 * width);
        products.times(ordered, launches.in("gate and up matrices", ExpertRows.like(hidden, inputs.get(2))), true, both);
        Tensor inner = launches.array("gated rows", Type.BFLOAT16, count, width);
        new SwiGluSteps(launches).forward(both, launches.in("weights of rows", rowWeights), inner);
        Tensor outputs = launches.array("experts' rows", Type.BFLOAT16, count, size);
        products.times(inner, launches.in("down matrices", ExpertRows.like(hidden, inputs.get(3))), true, outputs);
        Tensor result = launches.array("result", Type.BFLOAT16, hidden.getShape().getShape());
        products.combine(outputs, places, result);
        NDList kept = rows.toList().addAll(new NDList(launches.array(both), rowWeights));
        launches.ret(new NDList(launches.array(result)).addAll(kept));
        return new Forward(new NDList(launches.array(result)), kept);
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        try (ArrayLaunches launches = ArrayLaunches.over(inputs.get(0), inputs.get(1), kept.get(BOTH), kept.get(ROW_WEIGHTS), gradients[0],
                kept.get(0))) {
            return backward(launches, inputs, kept, gradients[0]);
        }
    }

    NDArray[] backward(ArrayLaunches launches, NDList inputs, NDList kept, NDArray outGradient) {
        NDArray hidden = inputs.get(0);
        NDArray weights = inputs.get(1);
        long size = hidden.getShape().get(1);
        long width = inputs.get(3).getShape().get(2);
        ExpertRows rows = ExpertRows.of(kept);
        GroupedMatmulSteps products = rows.products(launches);
        long count = rows.order().size();
        Tensor places = rows.places(launches);
        Tensor gradient = launches.array("gradients of rows' results", Type.BFLOAT16, count, size);
        products.dispatch(launches.in("gradient", ExpertRows.like(hidden, outGradient)), places, gradient);
        Tensor innerGradient = launches.array("gradient of gated rows", Type.BFLOAT16, count, width);
        products.times(gradient, launches.in("down matrices", ExpertRows.like(hidden, inputs.get(3))), false, innerGradient);
        Tensor inner = launches.array("gated rows", Type.BFLOAT16, count, width);
        Tensor bothGradient = launches.array("gradient of gate and up", Type.BFLOAT16, count, 2 * width);
        Tensor rowWeightGradients = launches.array("gradients of rows' weights", Type.FLOAT32, count);
        new SwiGluSteps(launches).backward(launches.in("gate and up", kept.get(BOTH)), launches.in("weights of rows", kept.get(ROW_WEIGHTS)),
                innerGradient, inner, bothGradient, rowWeightGradients);
        Tensor down = launches.array("gradient of down matrices", Type.BFLOAT16, inputs.get(3).getShape().getShape());
        products.outer(gradient, inner, down, false);
        Tensor ordered = launches.array("tokens' rows", Type.BFLOAT16, count, size);
        products.dispatch(launches.dense("hidden states", hidden), places, ordered);
        Tensor gateUp = launches.array("gradient of gate and up matrices", Type.BFLOAT16, inputs.get(2).getShape().getShape());
        products.outer(bothGradient, ordered, gateUp, false);
        Tensor hiddenRows = launches.array("gradients of rows", Type.BFLOAT16, count, size);
        products.times(bothGradient, launches.in("gate and up matrices", ExpertRows.like(hidden, inputs.get(2))), false, hiddenRows);
        Tensor hiddenGradient = launches.array("gradient of hidden states", Type.BFLOAT16, hidden.getShape().getShape());
        products.combine(hiddenRows, places, hiddenGradient);
        return launches.ret(new NDList(launches.array(hiddenGradient), rows.weightGradients(launches.array(rowWeightGradients), weights),
                launches.array(gateUp), launches.array(down))).toArray(new NDArray[0]);
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return new ExpertsPart(chosen).differentiable(inputs);
    }
}
