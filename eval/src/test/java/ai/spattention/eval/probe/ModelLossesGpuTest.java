package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.cuda.CudaUtils;
import ai.spattention.Precision;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The losses of tokens on a GPU against those on the processor. */
class ModelLossesGpuTest {

    private static final int VOCABULARY = 2_003;
    private static final int LENGTH = 200;

    @BeforeEach
    void aGpuIsHere() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    private static OlmoeModel model(NDManager manager, Precision precision) {
        OlmoeModel model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(VOCABULARY).setHiddenSize(128)
                .setIntermediateSize(64).setNumHiddenLayers(2).setNumAttentionHeads(2).setNumExperts(4).setNumExpertsPerTok(2)
                .setMaxPositionEmbeddings(256).optInitializerRange(0.1f).optPattern(StandardPattern.SP).optLayoutLength(LayoutLength.of(256))
                .build()).optSeed(5).optPrecision(precision).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH));
        return model;
    }

    private static List<TokenWindow> windows(int count) {
        Random random = new Random(7);
        return IntStream.range(0, count).mapToObj(i -> TokenWindow.ofDocuments(random.ints(LENGTH + 1L, 0, VOCABULARY)
                .map(id -> id % 50 == 0 ? 0 : id).asLongStream().toArray(), 0)).toList();
    }

    @ParameterizedTest
    @CsvSource({"FLOAT32, 1e-3", "BFLOAT16, 0.05"})
    void agreesWithTheProcessor(Precision precision, double tolerance) {
        try (NDManager cpu = NDManager.newBaseManager(Device.cpu(), "PyTorch"); NDManager gpu = NDManager.newBaseManager(Device.gpu(), "PyTorch")) {
            for (LayoutLength layout : List.of(LayoutLength.of(256), LayoutLength.SEQUENCE)) {
                List<float[]> expected = new ModelLosses(model(cpu, Precision.FLOAT32).withLayoutLength(layout), cpu).of(windows(3));
                List<float[]> actual = new ModelLosses(model(gpu, precision).withLayoutLength(layout), gpu, 77).of(windows(3));
                double squares = 0;
                for (int window = 0; window < 3; window++) {
                    for (int i = 0; i < LENGTH; i++) {
                        squares += Math.pow(expected.get(window)[i] - actual.get(window)[i], 2);
                    }
                }
                double deviation = Math.sqrt(squares / (3 * LENGTH));
                assertTrue(deviation <= tolerance, "layout " + layout + ": root mean square " + deviation);
            }
        }
    }

    @Test
    void gpuMemoryStaysFlat() {
        try (NDManager gpu = NDManager.newBaseManager(Device.gpu(), "PyTorch")) {
            OlmoeModel model = model(gpu, Precision.BFLOAT16);
            List<Long> used = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                new ModelLosses(model.withLayoutLength(LayoutLength.SEQUENCE), gpu).of(windows(4));
                used.add(CudaUtils.getGpuMemory(Device.gpu()).getCommitted());
            }
            assertEquals(used.get(9), used.get(59), 4 << 20, "bytes after 10 and after 60 passes");
        }
    }
}
