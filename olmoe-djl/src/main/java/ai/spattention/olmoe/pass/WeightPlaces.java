package ai.spattention.olmoe.pass;

import ai.djl.nn.Parameter;
import ai.spattention.plan.Tensor;

/** Where a plan finds a model's weights and their gradients. */
interface WeightPlaces {

    /**
     * The bfloat16 matrix that begins with a parameter.
     *
     * @param parameter one of the matrices
     * @param sizes the sizes; several parameters that lie one after the other may be one matrix
     * @return the matrix, rounded
     */
    Tensor high(Parameter parameter, long... sizes);

    /**
     * What {@link #high} lacks.
     *
     * @param parameter one of the matrices
     * @param sizes the sizes
     * @return the lower halves, 16 bits each
     */
    Tensor low(Parameter parameter, long... sizes);

    /**
     * The float32 values of a parameter that is no matrix.
     *
     * @param parameter one of the others
     * @return the values, in the parameter's shape
     */
    Tensor vectors(Parameter parameter);

    /**
     * The gradient that begins with a parameter's.
     *
     * @param parameter any of the parameters
     * @param sizes the sizes
     * @return the gradient, float32
     */
    Tensor gradient(Parameter parameter, long... sizes);
}
