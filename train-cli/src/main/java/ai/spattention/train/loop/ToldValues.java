package ai.spattention.train.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.spattention.olmoe.checkpoint.ParameterValues;

/**
 * Values that tell when one of them is read.
 *
 * @param values the values
 * @param reading called before each reading
 */
record ToldValues(ParameterValues values, Runnable reading) implements ParameterValues {

    @Override
    public NDArray read(Parameter parameter) {
        reading.run();
        return values.read(parameter);
    }

    @Override
    public void write(Parameter parameter, NDArray array) {
        values.write(parameter, array);
    }
}
