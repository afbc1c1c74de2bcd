package ai.spattention.train.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.plan.Plan;
import ai.spattention.train.config.ActivationCheckpointing;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ChromeTraceTest {

    private static StepBench.Row row(List<Plan.StepTime> launches) {
        return new StepBench.Row("tiny", "sp", "auto", 64, 2, 3.5, 0.25, OptionalDouble.empty(), StepBench.parts(launches), OptionalDouble.empty(),
                OptionalLong.empty(), "plan", ActivationCheckpointing.NONE, launches);
    }

    @Test
    void launchesFollowEachOtherInMicroseconds() throws Exception {
        StepBench.Row planned = row(List.of(new Plan.StepTime("router", "router_order-16", 0.5), new Plan.StepTime("loss", "mean_loss", 2),
                new Plan.StepTime("router", "router_places-16", 0.25)));
        JsonNode root = new ObjectMapper().readTree(ChromeTrace.of(List.of(row(List.of()), planned)));
        JsonNode events = root.get("traceEvents");
        assertEquals(4, events.size(), "what ran by blocks has no launches");
        assertEquals("tiny, sp, 2 x 64", events.get(0).get("args").get("name").asText());
        double[] begins = {0, 500, 2500};
        String[] names = {"router_order-16", "mean_loss", "router_places-16"};
        for (int i = 0; i < 3; i++) {
            JsonNode event = events.get(i + 1);
            assertEquals("X", event.get("ph").asText());
            assertEquals(1, event.get("pid").asInt());
            assertEquals(begins[i], event.get("ts").asDouble(), 1e-9);
            assertEquals(names[i], event.get("name").asText());
        }
        assertEquals(250, events.get(3).get("dur").asDouble(), 1e-9);
        assertEquals("router", events.get(3).get("cat").asText());
        assertEquals(Map.of("router", 0.75, "loss", 2.0), planned.partMs());
    }
}
