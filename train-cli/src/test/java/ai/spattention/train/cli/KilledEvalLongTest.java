package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.KillChain;
import ai.spattention.train.SmallData;
import ai.spattention.train.TaskData;
import ai.spattention.train.loop.setup.ModelSetup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However often an evaluation is killed, in the end its results are those of one that nobody disturbed, to the last digit. */
class KilledEvalLongTest {

    private static final int ROWS = 1500;

    @TempDir
    private Path folder;

    @Test
    void aHundredKillsChangeNothing() throws Exception {
        Path model = model();
        Path tasks = tasks();
        new KillChain("eval", folder.resolve("log")).run(folder, output -> List.of(Main.class.getName(), "eval", "--device", "cpu",
                "--model", model.toString(), "--task", "piqa,wikitext", "--data", tasks.toString(), "--batch-tokens", "512", "--resume",
                "--output", output.resolve("results.json").toString(), "--samples", output.resolve("samples.jsonl").toString()),
                output -> {
                    for (String file : List.of("results.json", "samples.jsonl")) {
                        assertEquals(Files.readString(folder.resolve("timed").resolve(file)), Files.readString(output.resolve(file)));
                    }
                    assertFalse(Files.exists(output.resolve("results.json.progress")));
                });
    }

    private Path model() throws IOException {
        Path model = folder.resolve("model");
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel small = OlmoeModel.builder().setConfig(ModelSetup.config(SmallData.config(Path.of("none")), 256)).build();
            small.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
            HuggingFaceFolder.save(small, model, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        }
        Files.writeString(model.resolve("tokenizer.json"), new ByteTokenizer().toJson());
        return model;
    }

    /** Rows of many lengths, some of them twice. */
    private Path tasks() throws IOException {
        Path tasks = TaskData.write(folder.resolve("tasks"));
        Random random = new Random(3);
        StringBuilder rows = new StringBuilder();
        for (int row = 0; row < ROWS; row++) {
            rows.append("{\"goal\":\"%s\",\"sol1\":\"%s\",\"sol2\":\"%s\",\"label\":%d}%n".formatted("go ".repeat(random.nextInt(8))
                    + random.nextInt(500), "a".repeat(1 + random.nextInt(9)), random.nextInt(9), random.nextInt(2)));
        }
        TaskData.put(tasks.resolve("piqa/validation.jsonl"), rows.toString());
        return tasks;
    }
}
