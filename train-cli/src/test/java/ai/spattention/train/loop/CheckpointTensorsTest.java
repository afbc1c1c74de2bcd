package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.spattention.Precision;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.torch.Bfloat16;
import ai.spattention.train.checkpoint.SlicedTensors;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.FlatAdamW;
import ai.spattention.train.optim.FlatLayout;
import ai.spattention.train.optim.HostLanes;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import ai.spattention.train.optim.Schedule;
import ai.spattention.train.optim.SectionShares;
import ai.spattention.train.optim.WholeSums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Checkpoints move between the two ways: here the flat arrays lie in the processor's memory. */
class CheckpointTensorsTest {

    /** Plans are made for it, and not run. */
    private static final CudaTarget TARGET = new CudaTarget(0, 90, 132, 232_448);

    private static final Collectives ONE = new SingleProcess();

    @TempDir
    private Path folder;

    private static OlmoeModel model(NDManager manager, long seed) {
        OlmoeModel model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(40).setHiddenSize(24).setIntermediateSize(8)
                .setNumHiddenLayers(2).setNumAttentionHeads(4).setNumExperts(3).setNumExpertsPerTok(2).setMaxPositionEmbeddings(16).build())
                .optPrecision(Precision.BFLOAT16).optSeed(seed).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
        return model;
    }

    private static AdamW.Settings settings(Precision precision) {
        return new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, precision);
    }

    private static FlatAdamW flat(FlatWeights weights, NDManager manager, Precision precision) {
        return new FlatAdamW(WholeSums.atTheEnd(weights, new SectionShares(ONE, true), new HostLanes(HostLanes.Late.PASSES)), TARGET, manager,
                new FlatAdamW.Settings(settings(precision), Schedule.constant(0.1, 0), 5, 2, 1));
    }

    private static List<FlatLayout.Fragment> whole(OlmoeModel model) {
        return new FlatLayout(model.getParameters().values(), 1).whole();
    }

    private static List<MomentSlice> slices(AdamW optimizer, OlmoeModel model) {
        return whole(model).stream().map(part -> new MomentSlice(part.parameter().getId(), part.begin(), part.end(),
                optimizer.getMoments().get(part.parameter().getId()))).toList();
    }

    private Path write(String name, OlmoeModel model, ParameterValues values, List<MomentSlice> moments) throws IOException {
        Path own = Files.createDirectory(folder.resolve(name));
        CheckpointTensors.weights(model, values, ONE).write(own.resolve("model"));
        CheckpointTensors.moments(model, moments, ONE).write(own.resolve("optimizer"));
        return own;
    }

    private static void assertSameFiles(Path expected, Path actual) throws IOException {
        for (String file : new String[] {"model", "optimizer"}) {
            assertEquals(-1, Files.mismatch(expected.resolve(file), actual.resolve(file)), file);
        }
    }

    private static void restore(Path from, OlmoeModel model, ParameterValues values, NDManager manager,
            Consumer<SavedMoments> optimizer) throws IOException {
        try (SlicedTensors weights = SlicedTensors.open(List.of(from.resolve("model")));
                SlicedTensors moments = SlicedTensors.open(List.of(from.resolve("optimizer")))) {
            CheckpointTensors.restore(model, values, weights, manager);
            optimizer.accept(CheckpointTensors.saved(model, moments, manager));
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void oneFileFormatForBothWaysThereAndBack(Precision precision) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                AdamW adamW = new AdamW(settings(precision), Schedule.constant(0.1, 0), Set.of());
                AdamW again = new AdamW(settings(precision), Schedule.constant(0.1, 0), Set.of())) {
            OlmoeModel model = model(manager, 1);
            adamW.nextStep();
            for (Pair<String, Parameter> named : model.getParameters()) {
                NDArray array = named.getValue().getArray().stopGradient();
                adamW.update(named.getValue().getId(), array, manager.randomNormal(array.getShape()));
            }
            Path blocks = write("blocks", model, ParameterValues.PLAIN, slices(adamW, model));

            OlmoeModel other = model(manager, 2);
            FlatWeights weights = FlatWeights.of(other, manager);
            weights.adopt();
            try (FlatAdamW optimizer = flat(weights, manager, precision)) {
                assertTrue(optimizer.getMoments().isEmpty(), "as with blocks, there are none before the first update");
                restore(blocks, other, weights, manager, moments -> optimizer.restore(1, moments));
                assertEquals(1, optimizer.getStep());
                assertEquals(precision == Precision.BFLOAT16,
                        Bfloat16.is(optimizer.getMoments().get(0).moments().mean()));
                Path plan = write("plan", other, weights, optimizer.getMoments());
                assertSameFiles(blocks, plan);

                OlmoeModel back = model(manager, 3);
                restore(plan, back, ParameterValues.PLAIN, manager, moments -> again.restore(1, whole(back), moments));
                assertSameFiles(blocks, write("back", back, ParameterValues.PLAIN, slices(again, back)));

                optimizer.restore(0, SavedMoments.NONE);
                assertTrue(optimizer.getMoments().isEmpty());
                optimizer.restore(1, SavedMoments.NONE);
                for (MomentSlice zeros : optimizer.getMoments()) {
                    float[] values = Bfloat16.toFloat32(zeros.moments().variance()).toFloatArray();
                    assertArrayEquals(new float[values.length], values, "what a checkpoint does not have begins anew");
                }
            }
        }
    }

    /** As an optimizer whose state the ranks have shared out: cut within parameters, with several pieces of one on a rank. */
    private static List<MomentSlice> share(List<MomentSlice> whole, int rank, int ranks) {
        List<MomentSlice> own = new ArrayList<>();
        for (MomentSlice all : whole) {
            for (long begin = 0; begin < all.end(); begin += 37) {
                long end = Math.min(begin + 37, all.end());
                if (begin / 37 % ranks == rank) {
                    own.add(new MomentSlice(all.parameterId(), begin, end, new AdamW.Moments(
                            part(all.moments().mean(), begin, end), part(all.moments().variance(), begin, end))));
                }
            }
        }
        return own;
    }

    private static NDArray part(NDArray all, long begin, long end) {
        return all.reshape(all.size()).get(new NDIndex("{}:{}", begin, end));
    }

    @ParameterizedTest
    @CsvSource({"FLOAT32, false", "FLOAT32, true", "BFLOAT16, false", "BFLOAT16, true"})
    void ranksWriteWhatOneWould(Precision precision, boolean shared) throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                AdamW adamW = new AdamW(settings(precision), Schedule.constant(0.1, 0), Set.of());
                AdamW again = new AdamW(settings(precision), Schedule.constant(0.1, 0), Set.of())) {
            OlmoeModel model = model(manager, 1);
            adamW.nextStep();
            for (Pair<String, Parameter> named : model.getParameters()) {
                NDArray array = named.getValue().getArray().stopGradient();
                adamW.update(named.getValue().getId(), array, manager.randomNormal(array.getShape()));
            }
            Path one = write("one", model, ParameterValues.PLAIN, slices(adamW, model));
            int size = 3;
            Path several = Files.createDirectory(folder.resolve("several"));
            TurnCollectives.run(size, own -> {
                CheckpointTensors.weights(model, ParameterValues.PLAIN, own).write(several.resolve("model" + own.rank()));
                CheckpointTensors.moments(model, shared ? share(slices(adamW, model), own.rank(), size) : slices(adamW, model), own)
                        .write(several.resolve("optimizer" + own.rank()));
                return true;
            });
            long bytes = 0;
            for (int rank = 0; rank < size; rank++) {
                bytes += Files.size(several.resolve("model" + rank));
            }
            assertTrue(bytes < Files.size(one.resolve("model")) * 1.2 + 4096, "each element is one rank's: " + bytes);
            OlmoeModel back = model(manager, 3);
            try (SlicedTensors weights = SlicedTensors.open(ranks(several, "model")); SlicedTensors moments = SlicedTensors.open(ranks(several, "optimizer"))) {
                CheckpointTensors.restore(back, ParameterValues.PLAIN, weights, manager);
                SavedMoments saved = CheckpointTensors.saved(back, moments, manager);
                again.restore(1, whole(back), saved);
                AdamW.Moments part = saved.read(back.getParameters().valueAt(0).getId(), 30, 80).orElseThrow();
                assertArrayEquals(Bfloat16.toFloat32(part(slices(again, back).get(0).moments().mean(), 30, 80)).toFloatArray(),
                        part.mean().toFloatArray(), "a part of what was cut elsewhere");
            }
            assertSameFiles(one, write("back", back, ParameterValues.PLAIN, slices(again, back)));
        }
    }

    private static List<Path> ranks(Path in, String kind) {
        return List.of(in.resolve(kind + 0), in.resolve(kind + 1), in.resolve(kind + 2));
    }

    @Test
    void momentsOfParametersLieApart() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, 1);
            FlatWeights weights = FlatWeights.of(model, manager);
            weights.adopt();
            try (FlatAdamW optimizer = flat(weights, manager, Precision.FLOAT32)) {
                optimizer.restore(1, SavedMoments.NONE);
                int number = 0;
                Map<String, AdamW.Moments> moments = optimizer.getMoments().stream()
                        .collect(Collectors.toMap(MomentSlice::parameterId, MomentSlice::moments));
                for (Parameter parameter : model.getParameters().values()) {
                    AdamW.Moments own = moments.get(parameter.getId());
                    assertEquals(parameter.getShape(), own.mean().getShape());
                    own.mean().addi(++number);
                    own.variance().addi(-number);
                }
                number = 0;
                for (Parameter parameter : model.getParameters().values()) {
                    AdamW.Moments own = moments.get(parameter.getId());
                    number++;
                    assertEquals(number * own.mean().size(), own.mean().sum().getFloat(), "nobody else wrote there");
                    assertEquals(-number * own.mean().size(), own.variance().sum().getFloat());
                }
            }
        }
    }

    @Test
    void moreUpdatesThanThereAreLearningRatesAreRefused() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, 1);
            FlatWeights weights = FlatWeights.of(model, manager);
            try (FlatAdamW optimizer = flat(weights, manager, Precision.FLOAT32)) {
                optimizer.restore(5, SavedMoments.NONE);
                String message = assertThrows(IllegalStateException.class, () -> optimizer.update(null, manager.zeros(new Shape(1))))
                        .getMessage();
                assertTrue(message.contains("5 updates"), message);
                assertFalse(optimizer.getMoments().isEmpty());
            }
        }
    }
}
