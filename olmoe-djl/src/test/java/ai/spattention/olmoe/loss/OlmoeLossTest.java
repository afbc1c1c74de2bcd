package ai.spattention.olmoe.loss;

import static ai.spattention.olmoe.TestConfigs.small;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.tracker.Tracker;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.model.OlmoeOutput;
import ai.spattention.pattern.LayoutLength;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OlmoeLossTest {

    @Test
    void addsTheWeightedParts() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = OlmoeModel.builder().setConfig(small().build()).build();
            model.initialize(manager, DataType.FLOAT64, new Shape(1, 1));
            NDArray ids = TestConfigs.ids(manager, new int[][] {{3, 1, 4, 1, 5}, {9, 2, 6, 5, 3}});
            OlmoeOutput output = model.forward(new ParameterStore(manager, false), ids, false);
            NDArray targets = LanguageModelLoss.nextTokens(ids);
            LossParts parts = new OlmoeLoss(0.25, 0.125).compute(targets, output.logits(), output.routers());
            assertEquals(LanguageModelLoss.ofTargets(output.logits(), targets).getDouble(), parts.languageModel().getDouble());
            assertEquals(LoadBalancingLoss.of(output.routers(), 10).getDouble(), parts.loadBalancing().getDouble());
            assertEquals(RouterZLoss.of(output.routers()).getDouble(), parts.routerZ().getDouble());
            assertEquals(parts.languageModel().getDouble() + 0.25 * parts.loadBalancing().getDouble()
                    + 0.125 * parts.routerZ().getDouble(), parts.total().getDouble(), 1e-12);
        }
    }

    @Test
    void weightsOfZeroLeaveTheLanguageModelLoss() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            OlmoeModel model = OlmoeModel.builder().setConfig(small().build()).build();
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            NDArray ids = TestConfigs.ids(manager, new int[][] {{3, 1, 4, 1, 5}});
            OlmoeOutput output = model.forward(new ParameterStore(manager, false), ids, true);
            LossParts parts = new OlmoeLoss(0, 0).compute(LanguageModelLoss.nextTokens(ids), output.logits(), output.routers());
            assertEquals(parts.languageModel().getFloat(), parts.total().getFloat());
            collector.backward(parts.total());
            assertTrue(model.getOutputWeight().getArray().getGradient().norm().getFloat() > 0);
        }
    }

    @Test
    void rejectsNegativeWeights() {
        assertEquals("the weights of the router losses must be at least 0 (got 0.01 and -0.001)",
                assertThrows(InvalidInputException.class, () -> new OlmoeLoss(0.01, -0.001)).getMessage());
    }

    /** DJL's own loop over a text that counts upwards: the loss falls, its parts are read once a step, nothing is kept. */
    @Test
    void trainsInPlainDjl() throws Exception {
        List<LossValues> steps = new ArrayList<>();
        try (Model model = Model.newInstance("olmoe", Device.cpu(), "PyTorch")) {
            model.setBlock(OlmoeModel.builder().setConfig(small().optLayoutLength(LayoutLength.of(16)).build()).build());
            LossMeter meter = new LossMeter(model.getNDManager());
            DefaultTrainingConfig config = new DefaultTrainingConfig(new OlmoeLoss(0.01, 0.001, meter))
                    .optDevices(new Device[] {Device.cpu()})
                    .optOptimizer(Adam.builder().optLearningRateTracker(Tracker.fixed(0.01f)).build())
                    .addTrainingListeners(new EvaluatorTrainingListener());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(4, 16));
                ArrayDataset data = counting(trainer.getManager());
                int held = 0;
                for (int epoch = 0; epoch < 5; epoch++) {
                    for (Batch batch : trainer.iterateDataset(data)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                        batch.close();
                        steps.add(meter.read());
                        assertThrows(IllegalStateException.class, meter::read);
                    }
                    int now = model.getNDManager().getManagedArrays().size();
                    assertTrue(epoch < 2 || now == held, "holds " + now + " arrays after " + held);
                    held = now;
                }
            }
        }
        LossValues first = steps.get(0);
        LossValues last = steps.get(steps.size() - 1);
        assertEquals(Math.log(19), first.languageModel(), 0.8);
        assertTrue(last.languageModel() < 0.3 * first.languageModel(), "went from " + first + " to " + last);
        assertEquals(last.languageModel() + 0.01 * last.loadBalancing() + 0.001 * last.routerZ(), last.total(), 1e-5);
    }

    private static ArrayDataset counting(NDManager manager) {
        int rows = 32;
        int[][] inputs = new int[rows][16];
        int[][] targets = new int[rows][16];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < 16; i++) {
                inputs[row][i] = (row + i) % 19;
                targets[row][i] = (row + i + 1) % 19;
            }
        }
        return new ArrayDataset.Builder().setData(TestConfigs.ids(manager, inputs))
                .optLabels(TestConfigs.ids(manager, targets)).setSampling(4, false).build();
    }

    @Test
    void theMeterGivesTheMean() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                LossMeter meter = new LossMeter(manager)) {
            for (float value : new float[] {1, 2, 6}) {
                try (NDManager scope = manager.newSubManager()) {
                    meter.accept(LossParts.of(new NDList(scope.create(value), scope.create(2 * value),
                            scope.create(3 * value), scope.create(4 * value))));
                }
            }
            assertEquals(new LossValues(3, 6, 9, 12), meter.read());
        }
    }
}
