package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

/** The obvious mixture of experts, in DJL operations: every expert computes every token, weighted by 0 where not chosen. */
final class ReferenceExperts {

    private ReferenceExperts() {}

    static NDArray apply(NDArray hidden, NDArray gateUp, NDArray down, NDArray chosen, NDArray weights) {
        NDManager manager = hidden.getManager();
        Shape shape = gateUp.getShape();
        NDArray sum = manager.zeros(hidden.getShape(), hidden.getDataType());
        NDList gateUps = gateUp.split(shape.get(0), 0);
        NDList downs = down.split(shape.get(0), 0);
        for (int expert = 0; expert < shape.get(0); expert++) {
            NDArray hits = chosen.eq(expert).toType(DataType.FLOAT64, false).toType(hidden.getDataType(), false);
            NDArray weight = weights.mul(hits).sum(new int[] {1}, true);
            NDList halves = hidden.matMul(gateUps.get(expert).squeeze(0).transpose()).split(2, 1);
            NDArray inner = Activation.swish(halves.get(0), 1).mul(halves.get(1));
            sum = sum.add(inner.matMul(downs.get(expert).squeeze(0).transpose()).mul(weight));
        }
        return sum;
    }
}
