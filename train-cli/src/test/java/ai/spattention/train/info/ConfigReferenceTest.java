package ai.spattention.train.info;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.config.ConfigSchema;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigReferenceTest {

    private final ConfigReference all = ConfigReference.ofRun();

    @Test
    void thePageInDocsIsUpToDate() throws IOException {
        assertEquals(all.toMarkdown(), Files.readString(Path.of("..", "docs", "config.md")),
                "write it again: ./spattn config --markdown > docs/config.md");
    }

    @Test
    void everyKeyIsThereOnceInEveryForm() {
        List<String> keys = all.toJson().path("keys").findValuesAsText("key");
        assertEquals(ConfigSchema.ofRunConfig().keys().stream().map(key -> key.path()).sorted().toList(), keys.stream().sorted().toList());
        for (String key : keys) {
            assertTrue(all.toText().lines().anyMatch(line -> line.strip().equals(key) || line.startsWith("  " + key + " [")), key);
            assertEquals(1, all.of(key).toJson().path("keys").size(), key);
        }
    }

    @Test
    void tellsMeaningUnitDefaultAndRange() {
        JsonNode steps = all.of("training.gradient_accumulation_steps").toJson().path("keys").path(0);
        assertEquals("micro batches", steps.path("unit").textValue());
        assertEquals("1", steps.path("default").textValue());
        assertTrue(steps.path("allowed").textValue().contains("at least 1"), steps.toString());
        assertTrue(all.of("training.steps").toJson().path("keys").path(0).path("required").booleanValue());
        assertTrue(all.of("training").toJson().path("keys").size() > 5);
        assertTrue(all.of("nosuch").isEmpty());
    }
}
