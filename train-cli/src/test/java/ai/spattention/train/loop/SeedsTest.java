package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.nn.Parameter;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.Document;
import ai.spattention.train.SmallData;
import ai.spattention.train.TextData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.Document;
import ai.spattention.train.data.PreparedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the seeds decide. Which data a step saw shows in the embedding: without decay only the vectors of the ids that came change,
 * and each sequence of this data has ids of its own.
 */
class SeedsTest {

    private static final int LENGTH = 8;
    private static final int STEPS = 6;

    @TempDir
    private static Path dataFolder;

    private static PreparedData data;

    @TempDir
    private Path folder;

    /** The first weights, and the ids that each step learnt from. */
    private record Seen(float[] embedding, List<TreeSet<Integer>> ids) {}

    @BeforeAll
    static void prepare() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 15 * LENGTH; i++) {
            text.append((char) (1 + i));
        }
        data = TextData.prepare(List.of(new Document("one", text.toString())), new ByteTokenizer(), document -> false, dataFolder);
    }

    private static RunConfig config(String... more) {
        List<String> overrides = new ArrayList<>(List.of("data.sequence_length=" + LENGTH, "training.steps=" + STEPS, "training.micro_batch=2",
                "training.gradient_accumulation_steps=1", "optimizer.weight_decay=0", "schedule.type=constant", "schedule.warmup_steps=0",
                "sample.tokens=0", "seed=1"));
        overrides.addAll(List.of(more));
        return SmallData.config(dataFolder, overrides.toArray(String[]::new));
    }

    private Seen train(String name, String... more) throws IOException {
        float[] first = null;
        List<TreeSet<Integer>> ids = new ArrayList<>();
        try (TrainingRun run = new TrainingRun(config(more), data, Device.cpu(), folder.resolve(name), new RunObserver() { })) {
            run.resume();
            Parameter embedding = run.getModel().getParameters().values().get(0);
            int width = (int) embedding.getShape().get(1);
            float[][] before = {embedding.getArray().toFloatArray()};
            first = before[0];
            run.run(() -> {
                float[] now = embedding.getArray().toFloatArray();
                TreeSet<Integer> changed = new TreeSet<>();
                for (int row = 0; row < now.length / width; row++) {
                    if (!Arrays.equals(before[0], row * width, (row + 1) * width, now, row * width, (row + 1) * width)) {
                        changed.add(row);
                    }
                }
                if (!changed.isEmpty()) {
                    ids.add(changed);
                }
                before[0] = now;
                return false;
            });
        }
        return new Seen(first, ids);
    }

    private void assertSame(Seen expected, Seen actual) {
        assertArrayEquals(expected.embedding, actual.embedding);
        assertEquals(expected.ids, actual.ids);
    }

    @ParameterizedTest
    @EnumSource(StandardPattern.class)
    void everyPatternBeginsAlikeAndSeesTheSame(StandardPattern pattern) throws IOException {
        Seen causal = train("causal", "model.attention_pattern=causal");
        assertEquals(STEPS - 1, causal.ids.size());
        assertEquals(2 * LENGTH, causal.ids.get(0).size(), "two sequences");
        assertSame(causal, train("other", "model.attention_pattern=" + pattern.patternName()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.kernel=masked", "model.layout_length=32", "precision=bfloat16", "training.activation_checkpointing=true",
        "model.num_hidden_layers=3", "model.num_key_value_heads=1", "model.num_experts=6", "optimizer.peak_lr=0.01",
        "data.document_mask=true", "validation.every_steps=2", "model.attention_pattern=longformer-dilated",
        "model.attention_pattern=bigbird-random"})
    void everyArmBeginsAlikeAndSeesTheSame(String difference) throws IOException {
        assertSame(train("plain"), train("other", difference));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lsh:2:4", "[lsh:1:4, sp]"})
    void armsOfHashedAttentionToo(String pattern) throws IOException {
        String heads = "model.num_key_value_heads=4";
        assertSame(train("plain", heads), train("other", heads, "model.attention_pattern=" + pattern));
    }

    @Test
    void stepsAreTheSameHoweverTheyAreCut() throws IOException {
        assertSame(train("plain"), train("other", "training.micro_batch=1", "training.gradient_accumulation_steps=2"));
    }

    @Test
    void eachSeedDecidesItsOwn() throws IOException {
        Seen plain = train("plain");
        Seen otherData = train("data", "data.seed=2");
        assertArrayEquals(plain.embedding, otherData.embedding);
        assertNotEquals(plain.ids, otherData.ids);
        Seen otherModel = train("model", "seed=2", "data.seed=1");
        assertFalse(Arrays.equals(plain.embedding, otherModel.embedding));
        assertEquals(plain.ids, otherModel.ids);
        assertSame(plain, train("same", "seed=1", "data.seed=1"));
    }

    @Test
    void aResumedRunGoesOnInItsOrder() throws IOException {
        Seen whole = train("whole", "data.seed=3");
        train("cut", "data.seed=3", "training.steps=3");
        assertEquals(whole.ids.subList(3, STEPS - 1), train("cut", "data.seed=3").ids);
        String refused = assertThrows(InvalidInputException.class, () -> train("cut", "data.seed=4")).getMessage();
        assertTrue(refused.contains("belongs to another order of the data: data.seed is 4, the checkpoint's is 3"), refused);
    }

    /** There was one seed for both before. */
    @Test
    void aCheckpointWithoutTheKeyGoesOnWithItsSeed() throws IOException {
        Seen whole = train("whole");
        train("cut", "training.steps=3");
        Path checkpoint = folder.resolve("cut/step-00000003");
        Path state = checkpoint.resolve("state.json");
        String digest = Sha256.of(List.of(state));
        String now = Files.readString(state);
        String then = now.replaceAll("\\s*\"data.seed\" : \"1\",", "");
        assertNotEquals(now, then);
        Files.writeString(state, then);
        Path manifest = checkpoint.resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace(digest, Sha256.of(List.of(state))));
        assertEquals(whole.ids.subList(3, STEPS - 1), train("cut").ids);
        assertTrue(assertThrows(InvalidInputException.class, () -> train("cut", "data.seed=2")).getMessage()
                .contains("data.seed is 2, the checkpoint's is 1"));
    }
}
