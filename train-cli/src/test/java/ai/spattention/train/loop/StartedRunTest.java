package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.Document;
import ai.spattention.train.Golden;
import ai.spattention.train.TextData;
import ai.spattention.train.config.Presets;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that begin with a model's weights: the golden one, which Hugging Face's transformers wrote. */
class StartedRunTest {

    @TempDir
    private static Path dataFolder;

    private static PreparedData data;

    @TempDir
    private Path folder;

    @BeforeAll
    static void prepare() throws IOException {
        data = TextData.prepare(List.of(new Document("one", "to be or not to be, that is the question; ".repeat(40))),
                new ByteTokenizer(), document -> false, dataFolder);
    }

    private static RunConfig config(Path from, String... more) {
        List<String> overrides = new ArrayList<>(List.of("from=" + from, "data.path=" + dataFolder, "data.sequence_length=32", "device=cpu",
                "training.steps=3", "training.micro_batch=2", "training.gradient_accumulation_steps=1", "schedule.warmup_steps=0",
                "optimizer.peak_lr=1e-3"));
        overrides.addAll(List.of(more));
        return RunConfigLoader.load(Presets.finetune(), overrides);
    }

    private static Map<String, float[]> weights(OlmoeModel model) {
        Map<String, float[]> weights = new TreeMap<>();
        for (Pair<String, Parameter> named : model.getParameters()) {
            weights.put(named.getKey(), named.getValue().getArray().toFloatArray());
        }
        return weights;
    }

    private TrainingRun open(RunConfig config, List<StepMetrics> told) throws IOException {
        return new TrainingRun(config, data, Device.cpu(), folder.resolve("checkpoints"), new RunObserver() {
            @Override
            public void step(StepMetrics metrics) {
                told.add(metrics);
            }
        });
    }

    @Test
    void beginsWithTheModelsWeightsAndLearnsOn() throws IOException {
        Map<String, float[]> expected;
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            expected = weights(HuggingFaceFolder.load(Golden.FOLDER, manager));
        }
        List<StepMetrics> told = new ArrayList<>();
        try (TrainingRun run = open(config(Golden.FOLDER), told)) {
            Map<String, float[]> first = weights(run.getModel());
            assertEquals(expected.keySet(), first.keySet());
            expected.forEach((name, values) -> assertArrayEquals(values, first.get(name), name));
            run.run(() -> false);
        }
        assertEquals(3, told.size());
        assertTrue(told.get(2).loss() < told.get(0).loss(), told.toString());
        assertEquals(1e-3, told.get(0).learningRate(), 1e-3, "the schedule is the run's own");
    }

    @Test
    void aDenseModelGoesOnAsOneWithBands() throws IOException {
        List<StepMetrics> dense = new ArrayList<>();
        List<StepMetrics> banded = new ArrayList<>();
        try (TrainingRun run = open(config(Golden.FOLDER, "training.steps=1"), dense)) {
            run.run(() -> false);
        }
        try (TrainingRun run = new TrainingRun(config(Golden.FOLDER, "training.steps=1", "model.attention_pattern=sp"), data, Device.cpu(),
                folder.resolve("other"), new RunObserver() {
                    @Override
                    public void step(StepMetrics metrics) {
                        banded.add(metrics);
                    }
                })) {
            run.run(() -> false);
            run.saveModel(folder.resolve("model"));
        }
        assertTrue(Math.abs(dense.get(0).loss() - banded.get(0).loss()) > 1e-4, "the same weights see less: " + dense + banded);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            assertEquals("sp", HuggingFaceFolder.load(folder.resolve("model"), manager).getConfig().patterns().toString());
        }
    }

    @Test
    void aResumedRunGoesOnFromItsCheckpoint() throws IOException {
        Path from = Files.createDirectory(folder.resolve("from"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.FOLDER.resolve(file), from.resolve(file));
        }
        List<StepMetrics> whole = new ArrayList<>();
        try (TrainingRun run = open(config(from, "training.steps=4", "schedule.type=constant"), whole)) {
            run.run(() -> false);
        }
        List<StepMetrics> parts = new ArrayList<>();
        Path checkpoints = folder.resolve("parts");
        for (String steps : List.of("2", "4")) {
            try (TrainingRun run = new TrainingRun(config(from, "training.steps=" + steps, "schedule.type=constant"), data, Device.cpu(),
                    checkpoints, new RunObserver() {
                        @Override
                        public void step(StepMetrics metrics) {
                            parts.add(metrics);
                        }
                    })) {
                run.resume();
                run.run(() -> false);
            }
        }
        assertEquals(whole.stream().map(StepMetrics::loss).toList(), parts.stream().map(StepMetrics::loss).toList());
    }

    @Test
    void anotherTokenizersDataIsRefused() throws IOException {
        Path from = Files.createDirectory(folder.resolve("from"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.FOLDER.resolve(file), from.resolve(file));
        }
        Files.writeString(from.resolve("tokenizer.json"), new ByteTokenizer().toJson());
        assertFalse(config(from).from().isEmpty());
        open(config(from), new ArrayList<>()).close();
        Files.writeString(from.resolve("tokenizer.json"), new ByteTokenizer().toJson()
                .replace("\"id\" : 256", "\"id\" : 257").replace("\"vocab\" : {", "\"vocab\" : { \"ab\" : 256,")
                .replace("\"merges\" : [ ]", "\"merges\" : [ \"a b\" ]"));
        String message = assertThrows(InvalidInputException.class, () -> open(config(from), new ArrayList<>())).getMessage();
        assertEquals("the data was made by another tokenizer than that of " + from + ", so that its ids mean other text there: prepare it"
                + " with --tokenizer " + from, message);
    }

    @Test
    void damagedWeightsAreRefusedBeforeTheFirstStep() throws IOException {
        Path from = Files.createDirectory(folder.resolve("from"));
        Files.copy(Golden.FOLDER.resolve("config.json"), from.resolve("config.json"));
        assertThrows(InvalidInputException.class, () -> open(config(from), new ArrayList<>()));
        byte[] bytes = Files.readAllBytes(Golden.FOLDER.resolve("model.safetensors"));
        Files.write(from.resolve("model.safetensors"), Arrays.copyOf(bytes, bytes.length - 4));
        assertThrows(InvalidInputException.class, () -> open(config(from), new ArrayList<>()));
    }
}
