package ai.spattention.olmoe.pass;

import ai.spattention.cublas.DenseMatmul;
import ai.spattention.cublas.DenseMatmul.Factor;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;

/** What the parts of a pass share while its plan is made. */
final class PassContext {

    final PlanBuilder plan = new PlanBuilder();
    final CudaDevice device;
    final OlmoeConfig config;
    final PassShape shape;
    private final Tensor workspace;

    PassContext(CudaDevice device, OlmoeConfig config, PassShape shape) {
        this.device = device;
        this.config = config;
        this.shape = shape;
        workspace = plan.keep(plan.array("workspace of products", Type.INT32, DenseMatmul.WORKSPACE_BYTES / 4));
    }

    /** A bfloat16 array. */
    Tensor half(String name, long... sizes) {
        return plan.array(name, Type.BFLOAT16, sizes);
    }

    /** A float32 array. */
    Tensor single(String name, long... sizes) {
        return plan.array(name, Type.FLOAT32, sizes);
    }

    /** out = rows matrix^T, as a linear layer's weight lies. */
    void linear(Tensor rows, Tensor matrix, Tensor out) {
        plan.add(new DenseMatmul(device, Factor.of(rows), Factor.transposed(matrix), out, false, workspace));
    }

    /** The gradient of a linear layer's rows: gradient matrix. */
    void linearRows(Tensor gradient, Tensor matrix, Tensor out) {
        plan.add(new DenseMatmul(device, Factor.of(gradient), Factor.of(matrix), out, false, workspace));
    }

    /** The gradient of a linear layer's matrix: gradient^T rows. */
    void linearMatrix(Tensor gradient, Tensor rows, Tensor out, boolean add) {
        plan.add(new DenseMatmul(device, Factor.transposed(gradient), Factor.of(rows), out, add, workspace));
    }
}
