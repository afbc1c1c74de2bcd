package ai.spattention.train.optim;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import java.util.List;

/** Operations on the gradients of all parameters together. */
public final class Gradients {

    private Gradients() {}

    /**
     * Divides the gradients (which micro-batches have added up) and clips them to a global norm, in place.
     *
     * @param parameters the parameters
     * @param divisor what to divide by, at least 1
     * @param maxNorm the largest norm over all gradients together that stays as it is; 0 for no clipping
     * @return the norm after the division and before the clipping
     */
    public static double finish(List<Parameter> parameters, int divisor, double maxNorm) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList gradients = of(parameters, scope);
            NDArray norm = OptimOperators.module().call("global_norm", gradients).singletonOrThrow();
            double value = norm.getFloat() / (double) divisor;
            norm.close();
            double factor = 1.0 / divisor;
            if (maxNorm > 0 && value > maxNorm) {
                factor *= maxNorm / value;
            }
            if (factor != 1 && Double.isFinite(value)) {
                OptimOperators.module().call("scale", gradients, factor);
            }
            return value;
        }
    }

    /**
     * Sets the gradients to zero. DJL's own optimizers do so in their update; libtorch would go on adding otherwise.
     *
     * @param parameters the parameters
     */
    public static void zero(List<Parameter> parameters) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList gradients = of(parameters, scope);
            OptimOperators.module().call("zero", gradients);
        }
    }

    private static NDList of(List<Parameter> parameters, NDManager scope) {
        NDList gradients = new NDList();
        for (Parameter parameter : parameters) {
            if (parameter.requiresGradient()) {
                NDArray gradient = parameter.getArray().getGradient();
                gradient.attach(scope);
                gradients.add(gradient);
            }
        }
        return gradients;
    }
}
