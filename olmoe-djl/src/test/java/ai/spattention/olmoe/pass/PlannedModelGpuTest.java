package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.model.OlmoeOutput;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A model under DJL's Trainer by its blocks and by a plan, with the whole loss of OLMoE. */
class PlannedModelGpuTest {

    private static final Shape SHAPE = new Shape(2, 200);

    /** Every token takes all experts: rounding decides no choice. */
    private static final OlmoeConfig CONFIG = OlmoeConfig.builder().setVocabSize(512).setHiddenSize(256).setIntermediateSize(128)
            .setNumHiddenLayers(3).setNumAttentionHeads(4).optNumKeyValueHeads(2).setNumExperts(4).setNumExpertsPerTok(4)
            .setMaxPositionEmbeddings(512).optPattern(StandardPattern.SP).build();

    @BeforeEach
    void requireGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    /** A loss and the gradients of all parameters by name. */
    private record Outcome(double loss, Map<String, float[]> gradients) {}

    private static OlmoeModel block() {
        return OlmoeModel.builder().setConfig(CONFIG).optPrecision(Precision.BFLOAT16).optSeed(3).build();
    }

    private static Trainer trainer(Model model, Loss loss) {
        Trainer trainer = new SegmentedTrainer(model, new DefaultTrainingConfig(loss).optDevices(new Device[] {Device.gpu()}));
        trainer.initialize(SHAPE);
        return trainer;
    }

    private static double pass(Trainer trainer, long seed) {
        Random random = new Random(seed);
        int count = (int) SHAPE.size();
        try (NDManager batch = trainer.getManager().newSubManager(); GradientCollector collector = trainer.newGradientCollector()) {
            NDList tokens = new NDList(batch.create(random.longs(count, 0, 512).toArray(), SHAPE));
            NDList targets = new NDList(batch.create(random.longs(count, 0, 512).toArray(), SHAPE));
            NDList predictions = trainer.forward(tokens, targets);
            assertEquals(new Shape(), OlmoeOutput.of(predictions).logits().getShape());
            assertEquals(new Shape(3), OlmoeOutput.of(predictions).routers().squaredLogSumExp().getShape());
            assertEquals(3L * count * 4, OlmoeOutput.of(predictions).routers().tokensPerExpert().sum().getLong());
            NDArray loss = trainer.getLoss().evaluate(targets, predictions);
            collector.backward(loss);
            return loss.getFloat();
        }
    }

    private static Outcome byBlocks(long... seeds) {
        try (Model model = Model.newInstance("blocks", Device.gpu(), "PyTorch")) {
            OlmoeModel block = block();
            model.setBlock(new SegmentedBlock(block));
            try (Trainer trainer = trainer(model, new OlmoeLoss(0.01, 0.001))) {
                double loss = 0;
                for (long seed : seeds) {
                    loss = pass(trainer, seed);
                }
                Map<String, float[]> gradients = new TreeMap<>();
                block.getParameters().forEach(named -> gradients.put(named.getKey(), named.getValue().getArray().getGradient().toFloatArray()));
                return new Outcome(loss, gradients);
            }
        }
    }

    private static Map<String, float[]> gradients(OlmoeModel block, TrainingPass pass, NDManager manager) {
        Map<String, float[]> gradients = new TreeMap<>();
        for (Pair<String, Parameter> named : block.getParameters()) {
            long[] sizes = named.getValue().getShape().getShape();
            try (NDArray copy = manager.create(named.getValue().getShape())) {
                pass.stream().copy(TorchTensors.view(copy).address(), pass.weights().gradient(named.getValue(), sizes).address(),
                        4 * copy.size());
                pass.synchronize();
                gradients.put(named.getKey(), copy.toFloatArray());
            }
        }
        return gradients;
    }

    private static Outcome byPlan(Loss loss, TrainingPass.Start start, Kept kept, long... seeds) {
        try (Model model = Model.newInstance("plan", Device.gpu(), "PyTorch")) {
            OlmoeModel block = block();
            block.freezeParameters(true);
            block.initialize(model.getNDManager(), DataType.FLOAT32, SHAPE);
            List<String> notes = new ArrayList<>();
            try (TrainingPass pass = TrainingPass.adopting(block, model.getNDManager())) {
                PlannedModel planned = new PlannedModel(block, pass, kept, start, notes::add);
                model.setBlock(new SegmentedBlock(planned));
                try (Trainer trainer = trainer(model, loss)) {
                    pass(trainer, 99); // a step before, whose gradients are written over
                    planned.beginStep();
                    double last = 0;
                    for (long seed : seeds) {
                        last = pass(trainer, seed);
                    }
                    assertEquals(List.of(), notes);
                    return new Outcome(last, gradients(block, pass, model.getNDManager()));
                }
            }
        }
    }

    private static void assertNear(Outcome expected, Outcome actual) {
        assertEquals(expected.loss, actual.loss, 1e-3 * expected.loss);
        expected.gradients.forEach((name, values) -> {
            double difference = 0;
            double norm = 0;
            for (int i = 0; i < values.length; i++) {
                difference += Math.pow(actual.gradients.get(name)[i] - values[i], 2);
                norm += Math.pow(values[i], 2);
            }
            assertTrue(Math.sqrt(difference) < 5e-2 * Math.sqrt(norm), name + " differs by " + Math.sqrt(difference) + " of "
                    + Math.sqrt(norm));
        });
    }

    @ParameterizedTest
    @EnumSource(Kept.class)
    void oneMicroBatchAgreesWithTheBlocks(Kept kept) {
        assertNear(byBlocks(1), byPlan(new OlmoeLoss(0.01, 0.001), TrainingPass.Start.GRAPH, kept, 1));
    }

    @Test
    void furtherMicroBatchesAddAndTheStartDoesNotMatter() {
        Outcome graph = byPlan(new OlmoeLoss(0.01, 0.001), TrainingPass.Start.GRAPH, Kept.ALL, 1, 2, 3);
        assertNear(byBlocks(1, 2, 3), graph);
        Outcome launches = byPlan(new OlmoeLoss(0.01, 0.001), TrainingPass.Start.LAUNCHES, Kept.ALL, 1, 2, 3);
        graph.gradients.forEach((name, values) -> assertArrayEquals(values, launches.gradients.get(name), name));
    }

    /** The pass takes the loss's gradient for 1: where it is not, gradients are no numbers, never wrong ones. */
    @Test
    void aScaledLossGivesNoNumbers() {
        OlmoeLoss whole = new OlmoeLoss(0.01, 0.001);
        Loss same = new Loss("same") {
            @Override
            public NDArray evaluate(NDList labels, NDList predictions) {
                NDArray loss = whole.evaluate(labels, predictions);
                return loss.add(loss.stopGradient().sub(loss)).add(loss); // another way to a gradient of 1
            }
        };
        assertFalse(isFinite(byPlan(new Halved(whole), TrainingPass.Start.GRAPH, Kept.ALL, 1).gradients));
        assertTrue(isFinite(byPlan(same, TrainingPass.Start.GRAPH, Kept.ALL, 1).gradients), "1 - 1 + 1 is 1");
        assertTrue(isFinite(byPlan(new OlmoeLoss(0, 0), TrainingPass.Start.GRAPH, Kept.ALL, 1).gradients));
    }

    /** Half of a loss. */
    private static final class Halved extends Loss {

        private final Loss whole;

        Halved(Loss whole) {
            super("halved");
            this.whole = whole;
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            NDArray loss = whole.evaluate(labels, predictions);
            return loss.mul(loss.getManager().ones(new Shape()).div(2));
        }
    }

    private static boolean isFinite(Map<String, float[]> gradients) {
        for (float[] values : gradients.values()) {
            for (float value : values) {
                if (!Float.isFinite(value)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Test
    void otherPassesAreTheBlocks() {
        try (Model model = Model.newInstance("plan", Device.gpu(), "PyTorch"); NDManager manager = model.getNDManager().newSubManager()) {
            OlmoeModel block = block();
            block.initialize(model.getNDManager(), DataType.FLOAT32, SHAPE);
            NDArray ids = manager.create(new Random(4).longs(SHAPE.size(), 0, 512).toArray(), SHAPE);
            NDArray before = block.forward(new ParameterStore(manager, false), ids, false).logits();
            try (TrainingPass pass = TrainingPass.adopting(block, model.getNDManager())) {
                PlannedModel planned = new PlannedModel(block, pass, Kept.ALL, TrainingPass.Start.GRAPH, note -> { });
                NDArray after = planned.forward(new ParameterStore(manager, false), new NDList(ids), false).head();
                double difference = after.sub(before).norm().getFloat() / before.norm().getFloat();
                assertTrue(difference < 1e-2, "rounded weights give the same logits: " + difference);
                NDArray wrong = manager.create(new float[(int) SHAPE.size()], SHAPE);
                String message = assertThrows(InvalidInputException.class, () -> planned.forward(null, null, new NDList(wrong), new NDList(ids)))
                        .getMessage();
                assertTrue(message.contains("int64") && message.contains("float32"), message);
            }
        }
    }
}
