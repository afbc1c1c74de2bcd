package ai.spattention.olmoe.pass;

import ai.spattention.cublas.DenseProducts;
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
    final DenseProducts products;

    PassContext(CudaDevice device, OlmoeConfig config, PassShape shape) {
        this.device = device;
        this.config = config;
        this.shape = shape;
        products = new DenseProducts(plan, device);
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
