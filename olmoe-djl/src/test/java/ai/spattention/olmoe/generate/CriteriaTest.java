package ai.spattention.olmoe.generate;

import static ai.spattention.olmoe.generate.GeneratingModel.ids;
import static ai.spattention.olmoe.generate.GeneratingModel.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelZoo;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ways in which DJL finds a model and hands it to those who use it. */
class CriteriaTest {

    @TempDir
    private static Path root;

    private static Path folder;
    private static String said;

    @BeforeAll
    static void write() throws IOException {
        folder = root.resolve("model");
        try (GeneratingModel model = new GeneratingModel()) {
            model.write(folder);
            said = text(model.generator().optMaxNewTokens(8).build().generate(ids("x")));
        }
        System.setProperty("DJL_CACHE_DIR", root.resolve("cache").toString()); // where archives are unpacked
    }

    @AfterAll
    static void restore() {
        System.clearProperty("DJL_CACHE_DIR");
    }

    private static void assertSpeaks(Criteria.Builder<String, String> criteria) throws Exception {
        try (ZooModel<String, String> model = ModelZoo.loadModel(criteria.optArgument("maxNewTokens", 8).build());
                Predictor<String, String> predictor = model.newPredictor()) {
            assertEquals(said, predictor.predict("x"));
        }
    }

    private static Path archive(Path file, String parent) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file)); var files = Files.list(folder)) {
            for (Path each : files.toList()) {
                zip.putNextEntry(new ZipEntry(parent + each.getFileName()));
                Files.copy(each, zip);
                zip.closeEntry();
            }
        }
        return file;
    }

    @Test
    void aFolderByItsPathOrAddress() throws Exception {
        assertSpeaks(OlmoeTextGeneration.criteria(folder));
        assertSpeaks(OlmoeTextGeneration.criteria().optModelPath(folder));
        assertSpeaks(OlmoeTextGeneration.criteria().optModelUrls(folder.toUri().toString()));
        assertSpeaks(OlmoeTextGeneration.criteria(folder).optDevice(Device.cpu()).optModelName("any"));
    }

    /** As a configuration file would say it that knows no class of ours. */
    @Test
    void theFactoriesByName() throws Exception {
        assertSpeaks(Criteria.builder().setTypes(String.class, String.class).optModelPath(folder)
                .optArgument("translatorFactory", "ai.spattention.olmoe.generate.OlmoeTranslatorFactory")
                .optArgument("blockFactory", "ai.spattention.olmoe.generate.OlmoeBlockFactory")
                .optOption("hasParameter", "false"));
    }

    /** Found by ServiceLoader. */
    @Test
    void aSchemeOfItsOwn() throws Exception {
        assertSpeaks(Criteria.builder().setTypes(String.class, String.class).optModelUrls("olmoe://" + folder));
        Criteria<String, GeneratedText> brief = Criteria.builder().setTypes(String.class, GeneratedText.class)
                .optModelUrls("olmoe://" + folder + "?maxNewTokens=4").build();
        try (ZooModel<String, GeneratedText> model = brief.loadModel(); var predictor = model.newPredictor()) {
            assertEquals(4, ((OlmoeGenerationBlock) model.getBlock()).getOptions().maxNewTokens());
            assertTrue(said.startsWith(predictor.predict("x").next()));
        }
        assertEquals("unknown argument 'tokens': choose of kernel, maxNewTokens, precision, seed, temperature, topK, topP",
                assertThrows(InvalidInputException.class, () -> Criteria.builder().setTypes(String.class, String.class)
                        .optModelUrls("olmoe://" + folder + "?tokens=4").build().loadModel()).getMessage());
        for (String wrong : List.of("olmoe:///absent", "olmoe://absent/model", "olmoe:absent")) {
            assertEquals(wrong + " is no folder: the address of a model folder is olmoe:///FOLDER, with the whole path",
                    assertThrows(InvalidInputException.class, () -> Criteria.builder().setTypes(String.class, String.class)
                            .optModelUrls(wrong)).getMessage());
        }
    }

    @Test
    void anArchive() throws Exception {
        assertSpeaks(OlmoeTextGeneration.criteria().optModelUrls(archive(root.resolve("plain.zip"), "").toUri().toString()));
        assertSpeaks(OlmoeTextGeneration.criteria().optModelPath(archive(root.resolve("nested.zip"), "OLMoE/")));
    }

    @Test
    void anArchiveOnTheClassPath() throws Exception {
        Path classes = Files.createDirectories(root.resolve("classes"));
        archive(classes.resolve("packed-model.zip"), "");
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            assertSpeaks(OlmoeTextGeneration.criteria().optModelUrls("jar:///packed-model.zip"));
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void otherTypesAreRefusedAndArraysServed() throws Exception {
        assertEquals("text is generated from String to String, or to GeneratedText as it grows (got java.lang.String to"
                + " java.lang.Integer): give one of these to setTypes", assertThrows(InvalidInputException.class, () ->
                OlmoeTextGeneration.criteria(folder).setTypes(String.class, Integer.class).build().loadModel()).getMessage());
        Criteria<NDList, NDList> arrays = OlmoeTextGeneration.criteria(folder).setTypes(NDList.class, NDList.class)
                .optArgument("maxNewTokens", 8).build();
        try (ZooModel<NDList, NDList> model = arrays.loadModel(); Predictor<NDList, NDList> predictor = model.newPredictor()) {
            try (NDList prompt = new NDList(model.getNDManager().create(ids("x")));
                    NDList drawn = predictor.predict(prompt)) {
                assertEquals(said, text(drawn.singletonOrThrow().toLongArray()));
            }
        }
    }

    @Test
    void aDeviceThatIsNotThereIsNamed() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() == 0, "PyTorch sees a GPU here");
        assertEquals("the device gpu1 was asked for, but PyTorch sees no GPU: use the cpu, or PyTorch's libraries for CUDA",
                assertThrows(InvalidInputException.class,
                        () -> OlmoeTextGeneration.criteria(folder).optDevice(Device.gpu(1)).build().loadModel()).getMessage());
    }

    /** Eight threads, half with a predictor of their own and half with one that they share, longer and shorter texts at once. */
    @Test
    void threadsShareAModelAndAPredictor() throws Exception {
        List<String> prompts = List.of("a", "bcd", "public static", "");
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (ZooModel<String, String> model = OlmoeTextGeneration.criteria(folder).optArgument("maxNewTokens", 8).build().loadModel();
                Predictor<String, String> shared = model.newPredictor()) {
            List<String> expected = new ArrayList<>();
            for (String prompt : prompts) {
                expected.add(shared.predict(prompt));
            }
            List<Future<List<String>>> all = new ArrayList<>();
            for (int thread = 0; thread < 8; thread++) {
                boolean own = thread % 2 == 0;
                all.add(threads.submit(() -> {
                    Predictor<String, String> predictor = own ? model.newPredictor() : shared;
                    List<String> texts = new ArrayList<>();
                    for (String prompt : prompts) {
                        texts.add(predictor.predict(prompt));
                    }
                    if (own) {
                        predictor.close();
                    }
                    return texts;
                }));
            }
            for (Future<List<String>> each : all) {
                assertEquals(expected, each.get());
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void whatIsClosedSaysSo() throws Exception {
        var criteria = OlmoeTextGeneration.criteria(folder).setTypes(String.class, GeneratedText.class).build();
        ZooModel<String, GeneratedText> model = criteria.loadModel();
        Predictor<String, GeneratedText> predictor = model.newPredictor();
        GeneratedText text = predictor.streamingPredict("x").getIterativeOutput();
        assertTrue(text.hasNext());
        model.close();
        text.next(); // what was there already
        assertTrue(assertThrows(IllegalStateException.class, text::next).getMessage().contains("closed"));
        text.close();
        assertFalse(text.hasNext());
        assertTrue(assertThrows(TranslateException.class, () -> predictor.predict("x")).getCause().getMessage().contains("closed"));
        predictor.close();
        predictor.close();
    }

    /** Texts that are left where they are free what they took, and leave the predictor usable. */
    @Test
    void textsThatAreLeftKeepNothing() throws Exception {
        var criteria = OlmoeTextGeneration.criteria(folder).setTypes(String.class, GeneratedText.class).build();
        try (ZooModel<String, GeneratedText> model = criteria.loadModel();
                Predictor<String, GeneratedText> predictor = model.newPredictor()) {
            int before = -1;
            for (int i = 0; i < 3; i++) {
                try (GeneratedText one = predictor.streamingPredict("x").getIterativeOutput();
                        GeneratedText other = predictor.streamingPredict("stream").getIterativeOutput()) {
                    assertTrue(said.startsWith(one.next()));
                    other.next();
                    one.close();
                    assertFalse(one.hasNext());
                    assertTrue(other.hasNext(), "the other goes on");
                }
                int held = model.getNDManager().getManagedArrays().size();
                assertTrue(before < 0 || held == before, before + " arrays before, then " + held);
                before = held;
            }
        }
    }

    @Test
    void theBlockDescribesItselfAndIsNotTrained() throws Exception {
        try (ZooModel<String, String> model = OlmoeTextGeneration.criteria(folder).build().loadModel()) {
            assertEquals(List.of("prompt"), model.describeInput().keys());
            assertEquals(List.of(new Shape(-1)), model.describeInput().values());
            assertArrayEquals(new Shape[] {new Shape(-1), new Shape(-1)},
                    model.getBlock().getOutputShapes(new Shape[] {new Shape(3), new Shape(9)}));
            assertTrue(model.getBlock().toString().startsWith("OlmoeGenerationBlock(-1) {"), model.getBlock().toString());
            try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()))) {
                assertEquals("this block continues sequences and cannot be trained: train its model (getModel)",
                        assertThrows(IllegalStateException.class, () -> trainer.initialize(new Shape(3))).getMessage());
            }
        }
    }
}
