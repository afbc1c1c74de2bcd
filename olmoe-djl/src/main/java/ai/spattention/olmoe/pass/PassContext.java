package ai.spattention.olmoe.pass;

import ai.spattention.cublas.DenseProducts;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;

/** What the parts of a pass share while its plan is made. */
final class PassContext {

    final PlanBuilder plan;
    final CudaTarget target;
    final OlmoeConfig config;
    final PassShape shape;
    final DenseProducts products;

    PassContext(CudaTarget target, OlmoeConfig config, PassShape shape) {
        plan = new PlanBuilder(target);
        this.target = target;
        this.config = config;
        this.shape = shape;
        products = new DenseProducts(plan);
    }

    /** A bfloat16 array. */
    Tensor half(String name, long... sizes) {
        return plan.array(name, Type.BFLOAT16, sizes);
    }

    /** A float32 array. */
    Tensor single(String name, long... sizes) {
        return plan.array(name, Type.FLOAT32, sizes);
    }
}
