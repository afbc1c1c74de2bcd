package ai.spattention.train.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.initializer.Initializer;
import ai.spattention.Precision;
import ai.spattention.train.distributed.SingleProcess;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OptimTest {

    @Test
    void adamWFollowsItsFormula() {
        followsItsFormula(Precision.FLOAT32, 1e-5);
    }

    /** Means of eight bits of fraction move a weight by a rate times a part in a hundred or so. */
    @Test
    void meansMayBeKeptInBfloat16() {
        followsItsFormula(Precision.BFLOAT16, 5e-3);
    }

    private static void followsItsFormula(Precision statePrecision, double tolerance) {
        AdamW.Settings settings = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, statePrecision);
        Schedule schedule = Schedule.warmupCosine(0.05, 3, 12, 0.1);
        Random random = new Random(3);
        int size = 37;
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                AdamW optimizer = new AdamW(settings, schedule, Set.of("decays"))) {
            for (String id : List.of("decays", "stays")) {
                double[] weight = random.doubles(size, -1, 1).toArray();
                double[] mean = new double[size];
                double[] variance = new double[size];
                NDArray array = manager.create(weight).toType(DataType.FLOAT32, true);
                optimizer.restore(0, List.of(), SavedMoments.NONE);
                for (int step = 1; step <= 12; step++) {
                    double[] gradient = random.doubles(size, -1, 1).toArray();
                    optimizer.nextStep();
                    optimizer.update(id, array, manager.create(gradient).toType(DataType.FLOAT32, true));
                    double rate = schedule.learningRate(step);
                    for (int i = 0; i < size; i++) {
                        mean[i] = 0.9 * mean[i] + 0.1 * gradient[i];
                        variance[i] = 0.95 * variance[i] + 0.05 * gradient[i] * gradient[i];
                        weight[i] -= id.equals("decays") ? rate * 0.1 * weight[i] : 0;
                        weight[i] -= rate * mean[i] / (1 - Math.pow(0.9, step))
                                / (Math.sqrt(variance[i] / (1 - Math.pow(0.95, step))) + 1e-8);
                    }
                }
                assertArrayEquals(weight, array.toType(DataType.FLOAT64, true).toDoubleArray(), tolerance);
            }
        }
    }

    @Test
    void restoredMomentsContinueAsIfNothingHadHappened() {
        AdamW.Settings settings = new AdamW.Settings(0.9, 0.999, 1e-8, 0, Precision.FLOAT32);
        Schedule schedule = Schedule.constant(0.1, 0);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                AdamW one = new AdamW(settings, schedule, Set.of());
                AdamW other = new AdamW(settings, schedule, Set.of())) {
            Parameter parameter = parameter(manager, 5);
            String id = parameter.getId();
            NDArray weight = manager.randomNormal(new Shape(5));
            NDArray gradient = manager.randomNormal(new Shape(5));
            one.nextStep();
            one.update(id, weight, gradient);
            AdamW.Moments state = one.getMoments().get(id);
            NDArray copy = weight.duplicate();
            other.restore(one.getStep(), new FlatLayout(List.of(parameter), 1).whole(),
                    (wanted, begin, end) -> Optional.of(new AdamW.Moments(state.mean().duplicate(), state.variance().duplicate())));
            for (AdamW optimizer : List.of(one, other)) {
                optimizer.nextStep();
                optimizer.update(id, optimizer == one ? weight : copy, gradient);
            }
            assertArrayEquals(weight.toFloatArray(), copy.toFloatArray());
        }
    }

    private static Parameter parameter(NDManager manager, long... shape) {
        Parameter parameter = Parameter.builder().setName("p" + shape[0]).setType(Parameter.Type.WEIGHT)
                .optInitializer(Initializer.ONES).build();
        parameter.setShape(new Shape(shape));
        parameter.initialize(manager, DataType.FLOAT32);
        return parameter;
    }

    @Test
    void gradientsAreMeasuredAndZeroedTogether() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            List<Parameter> parameters = List.of(parameter(manager, 3), parameter(manager, 4));
            backward(parameters, 4); // two micro-batches: every gradient is 8
            backward(parameters, 4);
            assertEquals(8 * Math.sqrt(7), norm(parameters), 1e-12);
            Gradients.zero(parameters);
            assertEquals(0, norm(parameters));
            backward(parameters, Float.NaN);
            assertFalse(Double.isFinite(norm(parameters)));
            Gradients.zero(parameters);
            assertEquals(0, norm(parameters));
        }
    }

    /** Memory that was given back comes back as zeros, to which the engine adds as ever. */
    @Test
    void memoryOfGradientsIsGivenBackAndTakenAgain() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            List<Parameter> parameters = List.of(parameter(manager, 3, 2), parameter(manager, 4));
            for (int time = 0; time < 3; time++) {
                backward(parameters, 4);
                backward(parameters, 1);
                assertEquals(5 * Math.sqrt(10), norm(parameters), 1e-12);
                Gradients.release(parameters);
                for (Parameter parameter : parameters) {
                    assertEquals(0, parameter.getArray().getGradient().size());
                }
                Gradients.renew(parameters);
                assertEquals(new Shape(3, 2), parameters.get(0).getArray().getGradient().getShape());
                assertEquals(0, norm(parameters));
            }
        }
    }

    private static double norm(List<Parameter> parameters) {
        return GradientNorm.of(new FlatLayout(parameters, 1), new SingleProcess(), part -> part.of(part.parameter().getArray().getGradient()));
    }

    private static void backward(List<Parameter> parameters, float factor) {
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray sum = parameters.get(0).getArray().sum().add(parameters.get(1).getArray().sum());
            collector.backward(sum.mul(sum.getManager().full(new Shape(), factor)));
        }
    }
}
