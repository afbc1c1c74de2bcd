package ai.spattention.train.loop.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.segment.PartObserver;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.ShardMode;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import ai.spattention.train.optim.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Steps of several ranks, by blocks, against those of one. */
class RanksTest {

    private static final int LENGTH = 7;
    private static final int SIZE = 2;
    private static final int MICRO_BATCHES = 4;

    /** Sizes that no block divides; most parameters are smaller than one. */
    private static RunConfig config(ShardMode shard, double maxNorm) {
        return SmallData.config(Path.of("none"), "data.sequence_length=" + LENGTH, "training.micro_batch=" + SIZE,
                "training.gradient_accumulation_steps=" + MICRO_BATCHES, "training.max_grad_norm=" + maxNorm, "model.num_hidden_layers=1",
                "model.hidden_size=20", "model.intermediate_size=13", "model.num_attention_heads=2", "model.num_key_value_heads=1",
                "model.num_experts=3", "distributed.shard=" + shard.name().toLowerCase(Locale.ROOT));
    }

    /** The checkpoint of a step: exact weights by name, moments by name and element. */
    private record State(long updates, Map<String, float[]> weights, Map<String, float[]> means, Map<String, float[]> variances) {}

    /** What a rank saw. */
    private record Seen(List<StepOutcome> outcomes, Map<String, float[]> weights, List<MomentSlice> slices, Map<String, String> names,
            Map<String, float[]> means, Map<String, float[]> variances) {}

    /** Steps of so many ranks from a state, the micro-batches shared out in turn. */
    private static State train(int ranks, RunConfig config, State from, int steps, int poisoned, List<StepOutcome> outcomes) throws Exception {
        List<Seen> all = TurnCollectives.run(ranks, collectives -> rank(config, collectives, from, steps, poisoned));
        for (Seen seen : all) {
            assertEquals(all.get(0).outcomes, seen.outcomes, "all ranks tell and decide the same");
            assertSame(all.get(0).weights, seen.weights, 0);
        }
        outcomes.addAll(all.get(0).outcomes);
        Map<String, float[]> means = new TreeMap<>();
        Map<String, float[]> variances = new TreeMap<>();
        Map<String, Long> covered = new HashMap<>();
        for (Seen seen : all) {
            for (MomentSlice slice : seen.slices) {
                String name = seen.names.get(slice.parameterId());
                int size = all.get(0).weights.get(name).length;
                String part = slice.parameterId();
                System.arraycopy(seen.means.get(part), 0, means.computeIfAbsent(name, n -> new float[size]), (int) slice.begin(),
                        (int) (slice.end() - slice.begin()));
                System.arraycopy(seen.variances.get(part), 0, variances.computeIfAbsent(name, n -> new float[size]), (int) slice.begin(),
                        (int) (slice.end() - slice.begin()));
                covered.merge(name, slice.end() - slice.begin(), Long::sum);
            }
        }
        covered.forEach((name, elements) -> assertEquals(all.get(0).weights.get(name).length, elements, "every element once: " + name));
        assertEquals(all.get(0).weights.keySet(), covered.keySet());
        long updates = all.get(0).outcomes.stream().filter(outcome -> !outcome.skipped()).count() + (from == null ? 0 : from.updates);
        return new State(updates, all.get(0).weights, means, variances);
    }

    private static Seen rank(RunConfig config, Collectives collectives, State from, int steps, int poisoned) {
        PassChoice choice = PassChoice.of(config, Device.cpu());
        OlmoeModel model = ModelSetup.model(config, (Integer) null, choice);
        try (TrainStep step = new TrainStep(config, choice, model, Device.cpu(), Schedule.warmupCosine(1e-3, 10, 400, 0.1), 400,
                new TrainStep.Watch(PartObserver.NONE, note -> { }, List.of()), Ranks.of(config, collectives))) {
            step.prepare();
            Map<String, String> names = new HashMap<>();
            model.getParameters().forEach(named -> names.put(named.getValue().getId(), named.getKey()));
            long first = 0;
            if (from != null) {
                first = from.updates;
                restore(step, model, from, names);
            }
            List<StepOutcome> outcomes = new ArrayList<>();
            for (long number = first; number < first + steps; number++) {
                float[] good = number == poisoned && collectives.rank() == collectives.size() - 1 ? poison(step, model) : null;
                step.begin();
                for (int i = collectives.rank(); i < MICRO_BATCHES; i += collectives.size()) {
                    step.accumulate(batch(number * MICRO_BATCHES + i));
                }
                outcomes.add(step.update());
                if (good != null) {
                    write(step, model.getFinalNorm().getWeight(), good);
                }
            }
            Map<String, float[]> means = new HashMap<>();
            Map<String, float[]> variances = new HashMap<>();
            List<MomentSlice> slices = step.moments();
            for (MomentSlice slice : slices) {
                assertEquals(slice.end() - slice.begin(), slice.moments().mean().size());
                means.put(slice.parameterId(), slice.moments().mean().toFloatArray());
                variances.put(slice.parameterId(), slice.moments().variance().toFloatArray());
            }
            return new Seen(outcomes, weights(model), slices, names, means, variances);
        }
    }

    private static float[] poison(TrainStep step, OlmoeModel model) {
        Parameter norm = model.getFinalNorm().getWeight();
        float[] good = norm.getArray().toFloatArray();
        float[] bad = good.clone();
        bad[3] = Float.NaN;
        write(step, norm, bad);
        return good;
    }

    private static void write(TrainStep step, Parameter parameter, float[] values) {
        try (NDArray array = step.manager().create(values, parameter.getShape())) {
            step.values().write(parameter, array);
        }
    }

    private static void restore(TrainStep step, OlmoeModel model, State from, Map<String, String> names) {
        for (Pair<String, Parameter> named : model.getParameters()) {
            write(step, named.getValue(), from.weights.get(named.getKey()));
        }
        SavedMoments saved = (id, begin, end) -> {
            String name = names.get(id);
            return Optional.of(new AdamW.Moments(part(step, from.means.get(name), begin, end), part(step, from.variances.get(name), begin, end)));
        };
        step.restore(from.updates, saved);
    }

    private static NDArray part(TrainStep step, float[] values, long begin, long end) {
        float[] part = new float[(int) (end - begin)];
        System.arraycopy(values, (int) begin, part, 0, part.length);
        return step.manager().create(part);
    }

    private static MicroBatch batch(long seed) {
        Random random = new Random(seed);
        long[] inputs = random.longs(SIZE * LENGTH, 0, 257).toArray();
        long[] targets = new long[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            targets[i] = (inputs[i] * 3 + 1) % 257;
        }
        return new MicroBatch(new TokenBatch(SIZE, LENGTH, inputs, targets), Optional.empty());
    }

    private static Map<String, float[]> weights(OlmoeModel model) {
        Map<String, float[]> weights = new TreeMap<>();
        model.getParameters().forEach(named -> weights.put(named.getKey(), named.getValue().getArray().toFloatArray()));
        return weights;
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual, float tolerance) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), tolerance, name));
    }

    /** What one process does in 200 steps, most of them clipped. */
    private static final List<StepOutcome> EXPECTED = new ArrayList<>();

    private static State one;

    @BeforeAll
    static void trainOne() throws Exception {
        one = train(1, config(ShardMode.NONE, 0.5), null, 200, -1, EXPECTED);
        assertTrue(EXPECTED.stream().filter(outcome -> outcome.gradientNorm() > 0.5).count() > 100, "clipping is active");
        assertTrue(EXPECTED.get(199).loss().total() < 0.9 * EXPECTED.get(0).loss().total(), "it learns");
    }

    /** With a micro-batch each, sums are made in the order of one process: everything is the same bits, clipping included. */
    @ParameterizedTest
    @EnumSource(ShardMode.class)
    void fourRanksLearnAsOneBitForBit(ShardMode shard) throws Exception {
        List<StepOutcome> actual = new ArrayList<>();
        State four = train(4, config(shard, 0.5), null, 200, -1, actual);
        for (int i = 0; i < 200; i++) {
            assertEquals(EXPECTED.get(i).gradientNorm(), actual.get(i).gradientNorm(), "step " + i);
            assertEquals(EXPECTED.get(i).loss().total(), actual.get(i).loss().total(), 1e-6);
        }
        assertSame(one.weights, four.weights, 0);
        assertSame(one.means, four.means, 0);
        assertSame(one.variances, four.variances, 0);
    }

    /** Sums in another order: Adam makes of a gradient's last digit up to a thousandth of the rate's step, whichever processor rounds. */
    @ParameterizedTest
    @EnumSource(ShardMode.class)
    void twoRanksLearnAsOne(ShardMode shard) throws Exception {
        List<StepOutcome> actual = new ArrayList<>();
        State two = train(2, config(shard, 0.5), null, 200, -1, actual);
        for (int i = 0; i < 200; i++) {
            double loss = EXPECTED.get(i).loss().total();
            assertEquals(loss, actual.get(i).loss().total(), 1e-6 * loss, "step " + i);
        }
        assertSame(one.weights, two.weights, 4e-6f);
    }

    @ParameterizedTest
    @EnumSource(ShardMode.class)
    void whatIsNotFiniteOnOneRankIsSkippedByAll(ShardMode shard) throws Exception {
        List<StepOutcome> outcomes = new ArrayList<>();
        State four = train(4, config(shard, 0.5), null, 6, 3, outcomes);
        assertEquals(List.of(false, false, false, true, false, false), outcomes.stream().map(StepOutcome::skipped).toList());
        assertEquals(5, four.updates);
    }

    /** Moved through the memory as a checkpoint would through files. */
    @ParameterizedTest
    @CsvSource({"OPTIMIZER, GRADIENTS", "NONE, OPTIMIZER", "GRADIENTS, NONE"})
    void fourRanksThenTwoThenOneGoOn(ShardMode before, ShardMode after) throws Exception {
        List<StepOutcome> outcomes = new ArrayList<>();
        State whole = train(1, config(before, 1), null, 30, -1, outcomes);
        State four = train(4, config(before, 1), null, 10, -1, outcomes);
        State two = train(2, config(after, 1), four, 10, -1, outcomes);
        State again = train(1, config(after, 1), two, 10, -1, outcomes);
        assertEquals(30, again.updates);
        assertSame(whole.weights, again.weights, 1e-6f);
        assertSame(whole.means, again.means, 1e-6f);
    }

    @Test
    void ranksThatDoNotDivideTheMicroBatchesAreRefused() {
        RunConfig config = config(ShardMode.OPTIMIZER, 1);
        String message = assertThrows(InvalidInputException.class, () -> TurnCollectives.run(3,
                collectives -> Ranks.of(config, collectives))).getMessage();
        assertEquals("training.gradient_accumulation_steps must be a multiple of the number of processes, for each computes as many"
                + " micro-batches of a step (got 4 and 3 processes): set it to 6 or start another number of processes", message);
    }
}
