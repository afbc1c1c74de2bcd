package ai.spattention.train.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.train.distributed.TurnCollectives;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ranks update of a planned pass's sections, in the processor's memory. */
class SectionSharesTest {

    /** Layers of about seven cuts of one rank, around an embedding that is smaller than one. */
    private static OlmoeModel model(NDManager manager) {
        OlmoeModel model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(500).setHiddenSize(200).setIntermediateSize(136)
                .setNumHiddenLayers(3).setNumAttentionHeads(4).setNumExperts(9).setNumExpertsPerTok(2).setMaxPositionEmbeddings(16).build())
                .build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
        return model;
    }

    @ParameterizedTest
    @CsvSource({"1, true", "2, true", "3, true", "8, true", "2, false"})
    void everyElementIsUpdatedOnceAndLiesWhereItsMomentsDo(int ranks, boolean sharded) throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager);
            List<Map<Parameter, Long>> kept = TurnCollectives.run(ranks, collectives -> {
                SectionShares shares = new SectionShares(collectives, sharded);
                try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch"); FlatWeights weights = shares.weights(model, owner)) {
                    return kept(weights, shares, owner, ranks);
                }
            });
            for (Parameter parameter : model.getParameters().values()) {
                assertEquals(parameter.getShape().size(), kept.stream().mapToLong(own -> own.getOrDefault(parameter, 0L)).sum(), "kept once");
            }
        }
    }

    private static Map<Parameter, Long> kept(FlatWeights weights, SectionShares shares, NDManager owner, int ranks) {
        Map<Parameter, Long> own = new IdentityHashMap<>();
        for (FlatWeights.Section section : weights.sections()) {
            boolean sliced = shares.isSliced(section);
            long cut = sliced ? AdamWSteps.CUT * ranks : FlatWeights.UNIT;
            assertEquals(0, section.elements() % cut);
            assertEquals(sliced ? section.elements() / ranks : section.elements(), shares.elements(section));
            long place = 0;
            for (SectionShares.Share share : shares.shares(section)) {
                assertEquals(place, share.place(), "one after the other");
                assertEquals(0, share.begin() % (sliced ? AdamWSteps.CUT : FlatWeights.UNIT), "as sums of squares are cut");
                place += share.elements();
            }
            assertEquals(place, shares.elements(section));
            try (NDArray flat = owner.arange(0, shares.elements(section), 1, DataType.FLOAT32)) {
                for (FlatLayout.Fragment part : shares.updated(section)) {
                    long lies = weights.gradient(part.parameter(), part.parameter().getShape().size()).address() / Float.BYTES
                            - section.gradients().address() / Float.BYTES + part.begin();
                    SectionShares.Share share = shares.shares(section).stream().filter(each -> each.begin() <= lies && lies < each.end())
                            .findFirst().orElseThrow();
                    assertEquals(share.place() + lies - share.begin(), shares.view(section, part, flat).toFloatArray()[0],
                            "where the gradients lie, the moments do");
                }
            }
            shares.kept(section).forEach(part -> own.merge(part.parameter(), part.size(), Long::sum));
        }
        return own;
    }

    /** Layers' gradients can be sent as soon as they are complete, all but what is behind the last place where they may be cut. */
    @ParameterizedTest
    @CsvSource({"1, 5", "2, 4", "5, 4", "32, 1"})
    void piecesFollowTheLayers(int ranks, int expected) throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager);
            TurnCollectives.run(ranks, collectives -> {
                SectionShares shares = new SectionShares(collectives, true);
                try (FlatWeights weights = shares.weights(model, manager)) {
                    List<SectionShares.Piece> pieces = shares.pieces(weights.matrices()); // the output matrix is half a cut of two
                    assertEquals(expected, pieces.size(), pieces.toString());
                    assertEquals(weights.matrices().elements(), pieces.get(0).end());
                    assertEquals(0, pieces.get(pieces.size() - 1).begin());
                    for (int i = 0; i < pieces.size(); i++) {
                        assertTrue(pieces.get(i).begin() >= pieces.get(i).group().begin(), "complete with its group");
                        assertTrue(i == 0 || pieces.get(i).end() == pieces.get(i - 1).begin(), "one behind the other");
                    }
                    assertEquals(List.of("the output matrix", "layer 2", "layer 1", "layer 0", "the embedding"),
                            weights.matrices().groups().stream().map(Object::toString).toList());
                }
                return null;
            });
        }
    }
}
