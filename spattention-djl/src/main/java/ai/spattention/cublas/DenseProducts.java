package ai.spattention.cublas;

import ai.spattention.cublas.DenseMatmul.Factor;
import ai.spattention.cuda.TensorView;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;

/** Adds dense products to a plan; they share a workspace. */
public final class DenseProducts {

    private final PlanBuilder plan;
    private final Tensor workspace;

    /**
     * Starts.
     *
     * @param plan where products go
     */
    public DenseProducts(PlanBuilder plan) {
        this.plan = plan;
        workspace = plan.keep(plan.array("workspace of products", TensorView.Type.INT32, DenseMatmul.WORKSPACE_BYTES / 4));
    }

    /**
     * out = left right^T: a linear layer, whose matrix is the right factor.
     *
     * @param left [M, K], bfloat16
     * @param right [N, K], bfloat16
     * @param out [M, N], written
     */
    public void timesTransposed(Tensor left, Tensor right, Tensor out) {
        plan.add(new DenseMatmul(plan.target(), Factor.of(left), Factor.transposed(right), out, false, workspace));
    }

    /**
     * out = left right: the gradient of a linear layer's input.
     *
     * @param left [M, K], bfloat16
     * @param right [K, N], bfloat16
     * @param out [M, N], written
     */
    public void times(Tensor left, Tensor right, Tensor out) {
        plan.add(new DenseMatmul(plan.target(), Factor.of(left), Factor.of(right), out, false, workspace));
    }

    /**
     * out = left^T right, or out + left^T right: the gradient of a linear layer's matrix.
     *
     * @param left [K, M], bfloat16
     * @param right [K, N], bfloat16
     * @param out [M, N], written or added to
     * @param add whether the product is added to what stands there
     */
    public void transposedTimes(Tensor left, Tensor right, Tensor out, boolean add) {
        plan.add(new DenseMatmul(plan.target(), Factor.transposed(left), Factor.of(right), out, add, workspace));
    }
}
