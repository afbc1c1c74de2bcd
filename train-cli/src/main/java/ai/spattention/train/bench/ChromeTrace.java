package ai.spattention.train.bench;

import ai.spattention.plan.Plan;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;

/** Measured passes in the format of Chrome's trace viewer (chrome://tracing, Perfetto): a process each, its launches one after the other. */
public final class ChromeTrace {

    private ChromeTrace() {}

    /**
     * Writes the launches of planned passes.
     *
     * @param rows what was measured; those that ran by blocks are left out
     * @return JSON
     */
    public static String of(List<StepBench.Row> rows) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("displayTimeUnit", "ms");
        ArrayNode events = root.putArray("traceEvents");
        for (int number = 0; number < rows.size(); number++) {
            StepBench.Row row = rows.get(number);
            if (row.launches().isEmpty()) {
                continue;
            }
            events.addObject().put("ph", "M").put("pid", number).put("tid", 0).put("name", "process_name").putObject("args")
                    .put("name", String.format(Locale.ROOT, "%s, %s, %d x %d", row.name(), row.pattern(), row.microBatch(), row.length()));
            double begin = 0;
            for (Plan.StepTime launch : row.launches()) {
                double microseconds = 1000 * launch.milliseconds();
                events.addObject().put("ph", "X").put("pid", number).put("tid", 0).put("name", launch.name()).put("cat", launch.part())
                        .put("ts", begin).put("dur", microseconds).putObject("args").put("part", launch.part());
                begin += microseconds;
            }
        }
        return root.toString();
    }
}
