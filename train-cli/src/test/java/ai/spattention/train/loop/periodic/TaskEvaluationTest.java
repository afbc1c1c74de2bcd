package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.SmallData;
import ai.spattention.train.TaskData;
import ai.spattention.train.config.EvaluationConfig;
import ai.spattention.train.config.LayoutChoice;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.loop.setup.ModelSetup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskEvaluationTest {

    private static final int LENGTH = 48;
    private static final Shares ONE = new Shares(new SingleProcess());

    @TempDir
    private Path folder;

    private final List<String> notes = new ArrayList<>();

    private TaskEvaluation prepare(String tasks, int shots) throws IOException {
        EvaluationConfig config = new EvaluationConfig(0, tasks, folder.toString(), 0, shots, 4096, LayoutChoice.MODEL);
        return TaskEvaluation.prepare(config, new ByteTokenizer(), LENGTH, notes::add);
    }

    private String refused(String tasks, int shots) {
        return assertThrows(InvalidInputException.class, () -> prepare(tasks, shots)).getMessage();
    }

    private static OlmoeModel model(NDManager manager) {
        OlmoeModel model = OlmoeModel.builder().setConfig(ModelSetup.config(SmallData.config(Path.of("none")), 256)).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, LENGTH));
        return model;
    }

    @Test
    void givesTheMetricsOfEachTaskInOrderAndLeavesNoArrayBehind() throws IOException {
        TaskData.write(folder);
        TaskEvaluation evaluation = prepare("wikitext,piqa", 0);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager);
            int before = manager.getManagedArrays().size();
            Map<String, Map<String, Double>> scores = evaluation.score(model, manager, new ByteTokenizer(), ONE, () -> false);
            assertEquals(List.of("wikitext", "piqa"), List.copyOf(scores.keySet()));
            assertEquals(List.of("acc", "acc_norm", "acc_bytes"), List.copyOf(scores.get("piqa").keySet()));
            assertEquals(8, scores.get("wikitext").get("bits_per_byte"), 0.5, "a new model knows nothing");
            assertEquals(scores, evaluation.score(model, manager, new ByteTokenizer(), ONE, () -> false), "nothing is random");
            assertEquals(before, manager.getManagedArrays().size());
        }
    }

    @Test
    void aGroupGivesItsAverages() throws IOException {
        String row = "{\"question\":\"?\",\"choices\":[\"a\",\"b\",\"c\",\"d\"],\"answer\":1}\n";
        TaskData.put(folder.resolve("mmlu/anatomy/test.jsonl"), row);
        TaskData.put(folder.resolve("mmlu/virology/test.jsonl"), row + row);
        TaskEvaluation evaluation = prepare("mmlu", 0);
        assertEquals(List.of("warning: mmlu: the average is of 2 of 57 tasks; there are no data for the others"), notes);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Map<String, Map<String, Double>> scores = evaluation.score(model(manager), manager, new ByteTokenizer(), ONE, () -> false);
            assertEquals(List.of("mmlu_stem", "mmlu_other", "mmlu"), List.copyOf(scores.keySet()));
        }
    }

    @Test
    void refusesWhatCouldNotBeScored() throws IOException {
        TaskData.write(folder);
        assertTrue(refused("piqa,boolq", 0).startsWith("evaluation: no data for 'boolq' in " + folder), refused("boolq", 0));
        assertEquals("evaluation: the task 'wikitext' takes no examples: ask for 0 shots", refused("wikitext", 1));
        assertTrue(refused("mine.yaml", 0).contains("the task file mine.yaml is not there"));
        TaskData.put(folder.resolve("piqa/validation.jsonl"), "{\"goal\":\"x\",\"sol1\":\"a\",\"sol2\":\"\",\"label\":7}\n");
        assertTrue(refused("piqa", 0).contains("validation.jsonl row 1: the right answer 7"), refused("piqa", 0));
        Files.delete(folder.resolve("piqa/validation.jsonl"));
        assertTrue(refused("piqa", 0).contains("piqa/validation.jsonl"), refused("piqa", 0));
        String missing = assertThrows(InvalidInputException.class, () -> TaskEvaluation.prepare(
                new EvaluationConfig(0, "piqa", folder.resolve("no").toString(), 0, 0, 1, LayoutChoice.MODEL), new ByteTokenizer(), LENGTH,
                notes::add)).getMessage();
        assertTrue(missing.startsWith("evaluation.data must name a folder") && missing.contains("not there"), missing);
    }

    @Test
    void aTaskOfOnesOwnAndAnotherSplitThanWanted() throws IOException {
        Path task = folder.resolve("mine.yaml");
        TaskData.put(task, """
                task: mine
                version: "1"
                kind: rolling
                evaluate: [test, validation]
                text: "{{ text }}"
                metrics: [bits_per_byte]
                """);
        TaskData.put(folder.resolve("mine/validation.jsonl"), "{\"text\":\"abc\"}\n");
        prepare(task.toString(), 0);
        assertEquals(List.of("warning: mine: there is no split 'test', 'validation' is scored"), notes);
        Path same = folder.resolve("same.yaml");
        Files.copy(task, same);
        assertEquals("evaluation: two tasks are called 'mine': give each a name of its own", refused(task + "," + same, 0));
    }

    @Test
    void endsWhenAsked() throws IOException {
        TaskData.write(folder);
        TaskEvaluation evaluation = prepare("piqa", 1);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = model(manager);
            int before = manager.getManagedArrays().size();
            assertThrows(CancellationException.class, () -> evaluation.score(model, manager, new ByteTokenizer(), ONE, () -> true));
            assertEquals(before, manager.getManagedArrays().size());
        }
    }
}
