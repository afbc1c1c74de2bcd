package ai.spattention.eval.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Whatever a template is, it gives the same text twice, or an error in one line; and soon. */
class TemplateFuzzTest {

    private static final Map<String, Object> FIELDS = Map.of("a", "some text", "n", 3, "f", 0.5, "yes", true,
            "l", List.of(1, "b", List.of(2.5)), "d", Map.of("k", List.of("v")));

    @FuzzTest(maxDuration = "1m")
    void anyTemplateIsFilledInOrRefused(byte[] content) {
        String source = new String(content, StandardCharsets.UTF_8);
        assertTimeout(Duration.ofSeconds(20), () -> {
            try {
                Template template = Template.of(source);
                assertEquals(template.render(FIELDS), template.render(FIELDS));
            } catch (InvalidInputException e) {
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            }
        });
    }
}
