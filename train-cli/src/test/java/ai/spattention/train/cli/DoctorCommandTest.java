package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.spattention.attention.auto.Kernels;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The doctor on the machine that runs the tests. */
class DoctorCommandTest {

    @Test
    void theProcessorWorks() throws IOException {
        JsonNode json = new ObjectMapper().readTree(Cli.ok("doctor", "--device", "cpu", "--json").out());
        assertTrue(json.path("works").booleanValue());
        assertEquals("cpu", json.path("device").textValue());
        assertEquals(Engine.getDjlVersion(), json.path("versions").path("djl").textValue());
        assertEquals("ok", status(json, "PyTorch"), json.toString());
        for (String name : new String[] {"device", "operators", "float32", "bfloat16", "own kernels in any Trainer"}) {
            assertEquals("ok", status(json, name), json.toString());
        }
        for (String kernel : new String[] {"auto", "masked", "sdpa", "tiled", "dense"}) {
            assertEquals("ok", status(json, "kernel " + kernel), json.toString());
        }
        String text = Cli.ok("doctor", "--device", "cpu").out();
        assertTrue(text.strip().endsWith("everything that --device cpu needs works"), text);
        for (String kernel : Kernels.names()) {
            assertTrue(!status(json, "kernel " + kernel).equals("failed"), json.toString());
        }
    }

    @Test
    void aGpuThatIsNotThereFailsWithoutAStackTrace() {
        Cli result = Cli.run("doctor", "--device", "gpu:9");
        assertEquals(1, result.code(), result.out());
        assertTrue(result.out().contains("--device gpu:9 was asked for") && result.out().contains("->"), result.out());
        assertTrue(!result.out().contains("\tat ") && result.err().isEmpty(), result.err());
    }

    private static String status(JsonNode json, String name) {
        for (JsonNode check : json.path("checks")) {
            if (check.path("name").asText().equals(name)) {
                return check.path("status").asText();
            }
        }
        return "missing";
    }
}
