package ai.spattention.eval.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Templates with the results that Jinja2 3.1.6 gave on Python 3.11; null stands for an error. */
class GoldenTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Environment ENVIRONMENT = Environment.builder().build();

    @Test
    void everyResultIsJinja2s() throws IOException {
        assertAgrees();
    }

    @Test
    void noResultDependsOnTheLocale() throws IOException {
        Locale before = Locale.getDefault();
        try {
            for (String tag : List.of("tr-TR", "ar-EG-u-nu-arab", "de-DE")) {
                Locale.setDefault(Locale.forLanguageTag(tag));
                assertAgrees();
            }
        } finally {
            Locale.setDefault(before);
        }
    }

    @SuppressWarnings("unchecked")
    private static void assertAgrees() throws IOException {
        JsonNode golden;
        try (InputStream in = GoldenTest.class.getResourceAsStream("golden.json")) {
            golden = JSON.readTree(in);
        }
        Map<String, Object> fields = JSON.convertValue(golden.get("fields"), Map.class);
        List<String> differences = new ArrayList<>();
        for (JsonNode each : golden.get("cases")) {
            String template = each.get(0).textValue();
            String expected = each.get(1).textValue();
            String result = null;
            try {
                result = ENVIRONMENT.compile(template).render(fields);
            } catch (InvalidInputException e) {
                if (expected != null || e.getMessage().isBlank() || e.getMessage().lines().count() != 1) {
                    result = "refused: " + e.getMessage();
                }
            }
            if (expected == null ? result != null : !expected.equals(result)) {
                differences.add(template + "\n  expected " + expected + "\n  got      " + result);
            }
        }
        assertTrue(golden.get("cases").size() > 3000);
        assertEquals(List.of(), differences);
    }
}
