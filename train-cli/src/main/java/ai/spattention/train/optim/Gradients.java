package ai.spattention.train.optim;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.spattention.segment.NoGradient;
import java.util.List;

/** Operations on the gradients of all parameters together. */
public final class Gradients {

    private Gradients() {}

    /**
     * Multiplies gradients, in place.
     *
     * @param gradients arrays of one device
     * @param factor the factor
     */
    public static void scale(NDList gradients, double factor) {
        if (factor != 1 && !gradients.isEmpty()) {
            OptimOperators.module().call("scale", gradients, factor);
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

    /**
     * Sets an array to zero, whatever it holds.
     *
     * @param sums the array
     */
    public static void zero(NDArray sums) {
        OptimOperators.module().call("zero", new NDList(sums));
    }

    /**
     * Gives the gradients' memory back. Nothing may add to them until they are {@link #renew}ed.
     *
     * @param parameters the parameters
     */
    public static void release(List<Parameter> parameters) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OptimOperators.module().call("release", of(parameters, scope));
        }
    }

    /**
     * Takes memory for the gradients again, which are zero then.
     *
     * @param parameters the parameters
     */
    public static void renew(List<Parameter> parameters) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch"); NoGradient plain = new NoGradient()) {
            NDList like = new NDList();
            for (Parameter parameter : trained(parameters)) {
                NDArray values = parameter.getArray().stopGradient();
                values.attach(scope);
                like.add(values);
            }
            OptimOperators.module().call("renew", of(parameters, scope), like);
        }
    }

    /**
     * The parameters that have gradients.
     *
     * @param parameters some parameters
     * @return those of them that are not frozen
     */
    public static List<Parameter> trained(List<Parameter> parameters) {
        return parameters.stream().filter(Parameter::requiresGradient).distinct().toList();
    }

    private static NDList of(List<Parameter> parameters, NDManager scope) {
        NDList gradients = new NDList();
        for (Parameter parameter : trained(parameters)) {
            NDArray gradient = parameter.getArray().getGradient();
            gradient.attach(scope);
            gradients.add(gradient);
        }
        return gradients;
    }

    /**
     * Whether all elements are finite.
     *
     * @param gradient any shape
     * @return whether there is neither an infinite one nor one that is no number; waits for the device
     */
    public static boolean areFinite(NDArray gradient) {
        try (NDArray largest = gradient.max(); NDArray smallest = gradient.min()) { // of numbers and no number: no number
            return Float.isFinite(largest.getFloat()) && Float.isFinite(smallest.getFloat());
        }
    }
}
