package ai.spattention.train.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.Precision;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.TurnCollectives;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The flat optimizer on a GPU against its formula in double precision. */
class FlatAdamWGpuTest {

    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.95;
    private static final double DECAY = 0.1;

    @BeforeEach
    void requireGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    /** A model's weights, the optimizer, and how the weights should be. */
    private static final class Trial implements AutoCloseable {

        final NDManager manager = NDManager.newBaseManager(Device.gpu(), "PyTorch");
        final CudaStream stream = new CudaStream(CudaDevice.of(0));
        final OlmoeModel model;
        final List<Parameter> parameters;
        final FlatWeights weights;
        final FlatSums sums;
        final FlatAdamW optimizer;
        final FlatAdamW.Settings settings;
        final List<double[]> expected = new ArrayList<>();
        final List<double[]> means = new ArrayList<>();
        final List<double[]> variances = new ArrayList<>();
        final Random random = new Random(5);
        int updates;

        /** More matrices' elements than one program adds up, and odd sizes. */
        Trial(Precision precision, int divisor, double maxNorm) {
            this(precision, divisor, maxNorm, new SectionShares(new SingleProcess(), false));
        }

        Trial(Precision precision, int divisor, double maxNorm, SectionShares shares) {
            model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(1003).setHiddenSize(120).setIntermediateSize(37)
                    .setNumHiddenLayers(2).setNumAttentionHeads(4).setNumExperts(5).setNumExpertsPerTok(2).setMaxPositionEmbeddings(16)
                    .build()).optSeed(1).build();
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
            parameters = model.getParameters().values();
            for (Parameter parameter : parameters) {
                expected.add(doubles(parameter.getArray()));
                means.add(new double[expected.get(expected.size() - 1).length]);
                variances.add(new double[expected.get(expected.size() - 1).length]);
            }
            weights = shares.weights(model, manager);
            weights.adopt();
            settings = new FlatAdamW.Settings(new AdamW.Settings(BETA1, BETA2, 1e-8, DECAY, precision),
                    Schedule.warmupCosine(0.02, 3, 12, 0.1), 12, divisor, maxNorm);
            sums = WholeSums.atTheEnd(weights, shares, new CudaLanes(stream, shares.collectives()));
            optimizer = new FlatAdamW(sums, CudaTarget.of(CudaDevice.of(0)), manager, settings);
        }

        static double[] doubles(NDArray array) {
            return array.toType(DataType.FLOAT64, true).toDoubleArray();
        }

        /** Gradients of some size, as if micro-batches had added them up. */
        List<double[]> gradients(double size) {
            List<double[]> gradients = new ArrayList<>();
            for (Parameter parameter : parameters) {
                float[] drawn = new float[(int) parameter.getShape().size()];
                double[] exact = new double[drawn.length];
                for (int i = 0; i < drawn.length; i++) {
                    drawn[i] = (float) (size * random.nextGaussian());
                    exact[i] = drawn[i];
                }
                gradients.add(exact);
                set(parameter, drawn);
            }
            return gradients;
        }

        void set(Parameter parameter, float[] gradient) {
            try (NDArray array = manager.create(gradient)) {
                stream.copy(weights.gradient(parameter, gradient.length).address(), TorchTensors.view(array).address(),
                        4L * gradient.length);
                stream.synchronize();
            }
        }

        FlatAdamW.Outcome update(float loss) {
            try (NDArray losses = manager.create(new float[] {loss, 7, 7, 7})) {
                sums.beginStep();
                optimizer.update(stream, losses);
                return optimizer.outcome();
            }
        }

        /** The formula. Returns the norm. */
        double expect(List<double[]> gradients) {
            updates++;
            double squares = 0;
            for (double[] gradient : gradients) {
                for (double g : gradient) {
                    squares += g * g;
                }
            }
            double norm = Math.sqrt(squares) / settings.divisor();
            double factor = 1.0 / settings.divisor();
            if (settings.maxNorm() > 0 && norm > settings.maxNorm()) {
                factor *= settings.maxNorm() / norm;
            }
            double rate = settings.schedule().learningRate(updates);
            for (int p = 0; p < parameters.size(); p++) {
                double decay = parameters.get(p).getType() == Parameter.Type.WEIGHT ? DECAY : 0;
                double[] w = expected.get(p);
                for (int i = 0; i < w.length; i++) {
                    double g = gradients.get(p)[i] * factor;
                    means.get(p)[i] = BETA1 * means.get(p)[i] + (1 - BETA1) * g;
                    variances.get(p)[i] = BETA2 * variances.get(p)[i] + (1 - BETA2) * g * g;
                    double step = means.get(p)[i] / (1 - Math.pow(BETA1, updates))
                            / (Math.sqrt(variances.get(p)[i] / (1 - Math.pow(BETA2, updates))) + 1e-8);
                    w[i] -= rate * (decay * w[i] + step);
                }
            }
            return norm;
        }

        void assertWeights(double tolerance) {
            for (int p = 0; p < parameters.size(); p++) {
                try (NDArray array = weights.read(parameters.get(p))) {
                    assertArrayEquals(expected.get(p), doubles(array), tolerance, parameters.get(p).getName() + " " + p);
                }
            }
        }

        List<float[]> exact() {
            List<float[]> all = new ArrayList<>();
            for (Parameter parameter : parameters) {
                try (NDArray array = weights.read(parameter)) {
                    all.add(array.toFloatArray());
                }
            }
            return all;
        }

        @Override
        public void close() {
            stream.synchronize();
            optimizer.close();
            sums.close();
            stream.close();
            manager.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"FLOAT32, 1, 0, 2e-6", "FLOAT32, 4, 1, 2e-6", "FLOAT32, 1, 1e9, 2e-6", "BFLOAT16, 2, 1, 5e-3"})
    void followsTheFormula(Precision precision, int divisor, double maxNorm, double tolerance) {
        try (Trial trial = new Trial(precision, divisor, maxNorm)) {
            trial.assertWeights(0);
            for (int update = 1; update <= 12; update++) {
                List<double[]> gradients = trial.gradients(update % 2 == 0 ? 1e-4 : 0.1);
                double norm = trial.expect(gradients);
                FlatAdamW.Outcome outcome = trial.update(3.5f);
                assertFalse(outcome.skipped());
                assertEquals(norm, outcome.norm(), 1e-5 * norm);
                assertEquals(update, trial.optimizer.getStep());
            }
            trial.assertWeights(tolerance);
        }
    }

    @Test
    void nothingChangesWhereALossOrAGradientIsNotFinite() {
        try (Trial trial = new Trial(Precision.FLOAT32, 1, 1)) {
            trial.expect(trial.gradients(0.1));
            trial.update(1);
            List<float[]> before = trial.exact();
            for (Parameter parameter : new Parameter[] {trial.parameters.get(0), trial.model.getFinalNorm().getWeight()}) {
                for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                    trial.gradients(0.1);
                    float[] gradient = new float[(int) parameter.getShape().size()];
                    gradient[gradient.length - 1] = bad;
                    trial.set(parameter, gradient);
                    FlatAdamW.Outcome outcome = trial.update(1);
                    assertTrue(outcome.skipped() && !Double.isFinite(outcome.norm()), outcome.toString());
                }
            }
            for (float loss : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
                trial.gradients(0.1);
                FlatAdamW.Outcome outcome = trial.update(loss);
                assertTrue(outcome.skipped() && Double.isFinite(outcome.norm()), outcome.toString());
            }
            assertEquals(1, trial.optimizer.getStep());
            List<float[]> after = trial.exact();
            for (int p = 0; p < before.size(); p++) {
                assertArrayEquals(before.get(p), after.get(p));
            }
            trial.expect(trial.gradients(0.1)); // as if those had never been
            assertFalse(trial.update(1).skipped());
            trial.assertWeights(2e-6);
        }
    }

    /** What two processes update by parts of the gradients each is what one does by their sums; here they are threads that share the GPU. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void twoProcessesUpdateAsOne(boolean sharded) throws Exception {
        List<List<float[]>> two = TurnCollectives.run(2, collectives -> {
            try (Trial trial = new Trial(Precision.FLOAT32, 2, 1, new SectionShares(collectives, sharded))) {
                for (int update = 1; update <= 6; update++) {
                    List<double[]> sums = trial.gradients(0.1); // the same on both, which the second has none of
                    if (collectives.rank() == 1) {
                        trial.parameters.forEach(parameter -> trial.set(parameter, new float[(int) parameter.getShape().size()]));
                    }
                    double norm = trial.expect(sums);
                    assertEquals(norm, trial.update(1).norm(), 1e-5 * norm);
                }
                trial.assertWeights(2e-6);
                return trial.exact();
            }
        });
        for (int p = 0; p < two.get(0).size(); p++) {
            assertArrayEquals(two.get(0).get(p), two.get(1).get(p), "both have the same weights");
        }
    }

    @Test
    void theSameBitsTwice() {
        List<List<float[]>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            try (Trial trial = new Trial(Precision.BFLOAT16, 2, 1)) {
                for (int update = 0; update < 4; update++) {
                    trial.gradients(0.1);
                    trial.update(1);
                }
                runs.add(trial.exact());
            }
        }
        for (int p = 0; p < runs.get(0).size(); p++) {
            assertArrayEquals(runs.get(0).get(p), runs.get(1).get(p));
        }
    }
}
