package ai.spattention.train.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.olmoe.pass.GradientGroup;
import ai.spattention.olmoe.pass.PassMemory;
import ai.spattention.plan.Tensor;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.TurnCollectives;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums of gradients over passes and ranks, in the host's memory, with one of the two lanes as late as it may be. */
class FlatSumsTest {

    private static final int STEPS = 2;

    /** How gradients are summed. */
    private enum Way { WHOLE_AT_THE_END, WHOLE_BEHIND, SLICED_AT_THE_END, SLICED_BEHIND, PASSING }

    /** Layers of about two cuts of two ranks. */
    private static OlmoeConfig config(int words, boolean tied) {
        return OlmoeConfig.builder().setVocabSize(words).setHiddenSize(256).setIntermediateSize(64).setNumHiddenLayers(3).setNumAttentionHeads(4)
                .setNumExperts(8).setNumExpertsPerTok(2).setMaxPositionEmbeddings(16).optTieWordEmbeddings(tied).build();
    }

    private static OlmoeModel model(NDManager manager, int words, boolean tied) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config(words, tied)).build();
        model.setInitializer(Initializer.ZEROS, parameter -> true);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    /** A rank, whose passes are made up. */
    private static final class Rank implements AutoCloseable {

        private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        private final int number;
        private final OlmoeModel model;
        private final HostLanes lanes;
        private final FlatWeights weights;
        private final FlatSums sums;
        private final SectionShares shares;

        Rank(OlmoeModel model, Collectives collectives, Way way, int passes, HostLanes.Late late) {
            this.model = model;
            number = collectives.rank();
            lanes = new HostLanes(late);
            shares = new SectionShares(lanes.on(collectives), way.compareTo(Way.SLICED_AT_THE_END) >= 0);
            weights = way == Way.PASSING ? shares.passingWeights(model, manager) : shares.weights(model, manager);
            sums = switch (way) {
                case WHOLE_AT_THE_END, SLICED_AT_THE_END -> WholeSums.atTheEnd(weights, shares, lanes);
                case WHOLE_BEHIND, SLICED_BEHIND -> WholeSums.behindPasses(weights, shares, lanes, passes);
                case PASSING -> new PassingSums(weights, shares, lanes, manager);
            };
        }

        private List<Parameter> of(GradientGroup group) {
            FlatWeights.Section matrices = weights.matrices();
            List<Parameter> of = new ArrayList<>();
            long place = 0;
            for (Parameter parameter : matrices.parameters()) {
                if (group.begin() <= place && place < group.end()) {
                    of.add(parameter);
                }
                place += parameter.getShape().size();
            }
            return of;
        }

        /** A pass as {@link ai.spattention.olmoe.pass.TrainingPass} puts it on its stream. */
        void pass(int step, int pass) {
            boolean adds = sums.beginPass();
            List<GradientGroup> groups = weights.matrices().groups();
            groups.stream().filter(GradientGroup::isBegunForward).forEach(group -> {
                sums.before(group);
                of(group).forEach(parameter -> write(parameter, drawn(parameter, step, pass, number, 0), adds));
            });
            lanes.log().add("backward");
            if (sums.followsGroups()) {
                sums.follow(groups, group -> backward(group, step, pass, adds));
            } else {
                groups.forEach(group -> backward(group, step, pass, adds));
            }
        }

        private void backward(GradientGroup group, int step, int pass, boolean adds) {
            boolean isTied = model.getConfig().tieWordEmbeddings();
            if (group.isBegunForward() && !isTied) {
                return;
            }
            lanes.log().add(group.name());
            of(group).forEach(parameter -> write(parameter, drawn(parameter, step, pass, number, 1), adds || group.isBegunForward()));
            if (group.begin() == 0) {
                weights.others().forEach(section -> section.parameters()
                        .forEach(parameter -> write(parameter, drawn(parameter, step, pass, number, 1), adds)));
            }
        }

        private void write(Parameter parameter, float[] values, boolean adds) {
            Pointer lies = new Pointer(weights.gradient(parameter, values.length).address());
            lanes.onPasses("write", () -> {
                float[] sum = values.clone();
                if (adds) {
                    float[] before = lies.getFloatArray(0, values.length);
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] += before[i];
                    }
                }
                lies.write(0, sum, 0, sum.length);
            });
        }

        /** Whole numbers, whose sums are exact in any order. */
        private float[] drawn(Parameter parameter, int step, int pass, int rank, int part) {
            int index = model.getParameters().values().indexOf(parameter);
            int seed = (((index * 31 + step) * 31 + pass) * 31 + rank) * 31 + part;
            float[] values = new float[(int) parameter.getShape().size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (i * 0x9e3779b1 + seed * 0x85ebca6b) >> 24;
            }
            return values;
        }

        /** What stands at a place of a section after a step. */
        private float[] expected(FlatWeights.Section section, int step, int passes, int ranks) {
            float[] all = new float[(int) section.elements()];
            for (Parameter parameter : section.parameters()) {
                int place = Math.toIntExact(new FlatLayout(section.parameters(), FlatWeights.UNIT, FlatWeights.UNIT, 1).whole().stream()
                        .filter(part -> part.parameter() == parameter).findFirst().orElseThrow().place());
                boolean isEmbedding = parameter == model.getEmbedding().getWeight();
                boolean isOutput = parameter == model.getOutputWeight();
                for (int pass = 0; pass < passes; pass++) {
                    for (int rank = 0; rank < ranks; rank++) {
                        for (int part = isOutput ? 0 : 1; part <= (isOutput && !isEmbedding ? 0 : 1); part++) {
                            float[] values = drawn(parameter, step, pass, rank, part);
                            for (int i = 0; i < values.length; i++) {
                                all[place + i] += values[i];
                            }
                        }
                    }
                }
            }
            return all;
        }

        void check(int step, int passes, int ranks) {
            for (FlatWeights.Section section : weights.sections()) {
                float[] all = expected(section, step, passes, ranks);
                for (SectionShares.Share share : shares.shares(section)) {
                    Tensor found = sums.of(section, share);
                    lanes.collectivesWait(); // whatever is late
                    assertArrayEquals(Arrays.copyOfRange(all, (int) share.begin(), (int) share.end()),
                            new Pointer(found.address()).getFloatArray(0, (int) share.elements()),
                            () -> section + " from " + share.begin() + " on, rank " + number + ", step " + step);
                }
            }
        }

        @Override
        public void close() {
            sums.close();
            manager.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"WHOLE_AT_THE_END, 2, 1, false", "WHOLE_BEHIND, 2, 2, true", "SLICED_AT_THE_END, 3, 1, true", "SLICED_BEHIND, 2, 1, false",
        "SLICED_BEHIND, 2, 3, true", "PASSING, 2, 1, false", "PASSING, 2, 3, false", "PASSING, 3, 2, true", "PASSING, 7, 1, false"})
    void areThoseOfAllPassesOnAllRanks(Way way, int ranks, int passes, boolean tied) throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, 520, tied); // an embedding of half a cut
            for (HostLanes.Late late : HostLanes.Late.values()) {
                TurnCollectives.run(ranks, collectives -> {
                    try (Rank rank = new Rank(model, collectives, way, passes, late)) {
                        for (int step = 0; step < STEPS; step++) {
                            rank.sums.beginStep();
                            for (int pass = 0; pass < passes; pass++) {
                                rank.pass(step, pass);
                            }
                            rank.sums.complete();
                            rank.check(step, passes, ranks);
                        }
                    }
                    return null;
                });
            }
        }
    }

    private static List<String> logged(Way way, int passes) throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager, 1536, false);
            return TurnCollectives.run(2, collectives -> {
                try (Rank rank = new Rank(model, collectives, way, passes, HostLanes.Late.COLLECTIVES)) {
                    rank.sums.beginStep();
                    for (int pass = 0; pass < passes; pass++) {
                        rank.pass(0, pass);
                    }
                    rank.sums.complete();
                    return rank.lanes.log().stream().filter(entry -> !entry.equals("write")).toList();
                }
            }).get(1);
        }
    }

    @Test
    void everyLayerIsSentWhileTheNextOneIsComputed() throws Exception {
        List<String> sent = List.of("backward", "reduceScatter of the output matrix's gradients", "layer 2", "reduceScatter of layer 2's gradients",
                "layer 1", "reduceScatter of layer 1's gradients", "layer 0", "reduceScatter of layer 0's gradients", "the embedding",
                "reduceScatter of the embedding's gradients");
        List<String> computed = List.of("backward", "layer 2", "layer 1", "layer 0", "the embedding");
        List<String> end = List.of("allReduce of the routers' gradients", "allReduce of the norms' gradients");
        assertEquals(joined(Stream.of(computed, sent, end)), logged(Way.SLICED_BEHIND, 2), "in a step's last pass");
        assertEquals(joined(Stream.of(sent, sent, end)), logged(Way.PASSING, 2), "in every pass");
        assertEquals(joined(Stream.of(sent.stream().map(entry -> entry.replace("reduceScatter", "allReduce")).toList(), end)),
                logged(Way.WHOLE_BEHIND, 1));
        assertEquals(joined(Stream.of(computed, sent.stream().filter(entry -> entry.startsWith("reduce")).toList(), end)),
                logged(Way.SLICED_AT_THE_END, 1));
    }

    private static List<String> joined(Stream<List<String>> parts) {
        return parts.flatMap(List::stream).toList();
    }

    /** To the byte what {@link PassMemory} says. */
    @ParameterizedTest
    @CsvSource({"2, false", "2, true", "16, false"})
    void passingGradientsTakeWhatIsPredicted(int ranks, boolean tied) throws Exception {
        PassMemory memory = PassMemory.of(config(520, tied), new CudaTarget(0, 90, 132, 232_448), List.of());
        TurnCollectives.run(ranks, collectives -> {
            try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                OlmoeModel model = model(manager, 520, tied);
                SectionShares shares = new SectionShares(collectives, true);
                FlatWeights weights = shares.passingWeights(model, manager);
                Map<Object, Long> regions = new LinkedHashMap<>(); // of a pass's gradients, by where they begin
                model.getParameters().values().forEach(parameter -> {
                    Tensor gradient = weights.gradient(parameter, parameter.getShape().size());
                    regions.put(gradient.region(), gradient.region().bytes());
                });
                long sums = weights.sections().stream().mapToLong(shares::elements).sum();
                assertEquals(Float.BYTES * memory.passingElements(SectionShares.cut(ranks), ranks),
                        regions.values().stream().mapToLong(bytes -> bytes).sum() + Float.BYTES * sums);
                assertTrue(ranks > 2 || sums < weights.matrices().elements());
            }
            return null;
        });
    }
}
