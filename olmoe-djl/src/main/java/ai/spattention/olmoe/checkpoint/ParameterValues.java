package ai.spattention.olmoe.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Parameter;
import ai.spattention.segment.NoGradient;

/** A model's parameters as exact numbers, in whatever form it computes with them. What is kept in files is read and written through this. */
public interface ParameterValues {

    /** Parameters whose arrays are their values. */
    ParameterValues PLAIN = new ParameterValues() {

        @Override
        public NDArray read(Parameter parameter) {
            return parameter.getArray().stopGradient();
        }

        // in place, element by element: DJL's set(Buffer) would put the parameter into Java's memory, whose other alignment
        // changes the rounding of matrix products
        @Override
        public void write(Parameter parameter, NDArray values) {
            long size = values.size();
            try (NoGradient copying = new NoGradient();
                    NDArray flatValues = values.reshape(size);
                    NDArray flat = parameter.getArray().reshape(size)) {
                flat.set(new NDIndex("0:{}", size), flatValues);
            }
        }
    };

    /**
     * Reads a parameter.
     *
     * @param parameter one of the model's
     * @return its values in its shape, attached to the parameter's manager; the caller closes it, and does not write to it
     */
    NDArray read(Parameter parameter);

    /**
     * Sets a parameter.
     *
     * @param parameter one of the model's
     * @param values in its shape and on its device; stay the caller's
     */
    void write(Parameter parameter, NDArray values);
}
