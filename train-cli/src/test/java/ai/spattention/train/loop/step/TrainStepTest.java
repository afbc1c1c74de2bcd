package ai.spattention.train.loop.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.segment.PartObserver;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.Schedule;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The step by blocks. Gradients are seen in the first update's means, which are a tenth of them. */
class TrainStepTest {

    private static final int LENGTH = 7;
    private static final int SIZE = 3;

    /** A new step of a new model; the same seed, so always the same weights. */
    private static final class Fixture implements AutoCloseable {

        private final OlmoeModel model;
        private final TrainStep step;

        Fixture(String... overrides) {
            RunConfig config = SmallData.config(Path.of("none"), overrides);
            PassChoice choice = PassChoice.of(config, Device.cpu());
            model = ModelSetup.model(config, (Integer) null, choice);
            step = new TrainStep(config, choice, model, Device.cpu(), Schedule.constant(0.01, 0), 10,
                    new TrainStep.Watch(PartObserver.NONE, note -> { }, List.of()));
            step.prepare();
        }

        StepOutcome step(long... seeds) {
            step.begin();
            for (long seed : seeds) {
                step.accumulate(batch(seed));
            }
            return step.update();
        }

        Map<String, float[]> weights() {
            Map<String, float[]> weights = new TreeMap<>();
            model.getParameters().forEach(named -> weights.put(named.getKey(), named.getValue().getArray().toFloatArray()));
            return weights;
        }

        /** The gradients that the first update took. */
        Map<String, float[]> gradients() {
            Map<String, float[]> gradients = new TreeMap<>();
            Map<String, AdamW.Moments> moments = step.moments().stream()
                    .collect(Collectors.toMap(MomentSlice::parameterId, MomentSlice::moments));
            for (Pair<String, Parameter> named : model.getParameters()) {
                float[] mean = moments.get(named.getValue().getId()).mean().toFloatArray();
                for (int i = 0; i < mean.length; i++) {
                    mean[i] *= 10;
                }
                gradients.put(named.getKey(), mean);
            }
            return gradients;
        }

        @Override
        public void close() {
            step.close();
        }
    }

    private static String[] config(int microBatches, String maxNorm) {
        return new String[] {"data.sequence_length=" + LENGTH, "training.micro_batch=" + SIZE,
            "training.gradient_accumulation_steps=" + microBatches, "training.max_grad_norm=" + maxNorm, "optimizer.beta1=0.9"};
    }

    private static MicroBatch batch(long seed) {
        Random random = new Random(seed);
        long[] inputs = random.longs(SIZE * LENGTH, 0, 257).toArray();
        long[] targets = random.longs(SIZE * LENGTH, 0, 257).toArray();
        return new MicroBatch(new TokenBatch(SIZE, LENGTH, inputs, targets), Optional.empty());
    }

    private static double norm(Map<String, float[]> gradients) {
        double sum = 0;
        for (float[] values : gradients.values()) {
            for (float value : values) {
                sum += (double) value * value;
            }
        }
        return Math.sqrt(sum);
    }

    @Test
    void gradientsOfMicroBatchesAverage() {
        try (Fixture first = new Fixture(config(1, "1000")); Fixture second = new Fixture(config(1, "1000"));
                Fixture both = new Fixture(config(2, "1000"))) {
            StepOutcome one = first.step(1);
            StepOutcome two = second.step(2);
            StepOutcome together = both.step(1, 2);
            assertEquals((one.loss().total() + two.loss().total()) / 2, together.loss().total(), 1e-5);
            Map<String, float[]> ofFirst = first.gradients();
            Map<String, float[]> ofSecond = second.gradients();
            both.gradients().forEach((name, actual) -> {
                float[] expected = new float[actual.length];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = (ofFirst.get(name)[i] + ofSecond.get(name)[i]) / 2;
                }
                assertArrayEquals(expected, actual, 1e-5f, name);
            });
        }
    }

    @Test
    void gradientsAreClippedToTheNormAllowed() {
        try (Fixture free = new Fixture(config(2, "1000")); Fixture clipped = new Fixture(config(2, "0.25"))) {
            double norm = free.step(1, 2).gradientNorm();
            assertTrue(norm > 0.5, "large enough to be clipped: " + norm);
            assertEquals(norm, norm(free.gradients()), 1e-4 * norm);
            assertEquals(norm, clipped.step(1, 2).gradientNorm(), 1e-6 * norm, "told before clipping");
            assertEquals(0.25, norm(clipped.gradients()), 1e-4);
        }
    }

    @Test
    void aStepBeginsWithoutGradients() {
        try (Fixture plain = new Fixture(config(1, "1000")); Fixture begunTwice = new Fixture(config(1, "1000"))) {
            plain.step(2);
            begunTwice.step.begin();
            begunTwice.step.accumulate(batch(1));
            begunTwice.step(2);
            Map<String, float[]> expected = plain.gradients();
            begunTwice.gradients().forEach((name, actual) -> assertArrayEquals(expected.get(name), actual, 1e-6f, name));
        }
    }

    @Test
    void whatIsNotFiniteIsSkippedAndTheNextCounts() {
        try (Fixture fixture = new Fixture(config(1, "1"))) {
            assertFalse(fixture.step(1).skipped());
            assertEquals(1, fixture.step.updates());
            Parameter norm = fixture.model.getFinalNorm().getWeight();
            float[] good = norm.getArray().toFloatArray();
            try (NDArray nan = fixture.step.manager().ones(norm.getShape()).mul(Float.NaN)) {
                fixture.step.values().write(norm, nan);
            }
            Map<String, float[]> before = fixture.weights();
            StepOutcome skipped = fixture.step(2);
            assertTrue(skipped.skipped() && !Double.isFinite(skipped.loss().total()), skipped.toString());
            assertEquals(1, fixture.step.updates());
            fixture.weights().forEach((name, values) -> assertArrayEquals(before.get(name), values, name));
            try (NDArray values = fixture.step.manager().create(good)) {
                fixture.step.values().write(norm, values);
            }
            StepOutcome next = fixture.step(2);
            assertTrue(!next.skipped() && next.gradientNorm() > 0, next.toString());
            assertEquals(2, fixture.step.updates());
        }
    }
}
