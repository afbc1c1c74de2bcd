package ai.spattention.eval.probe;

import ai.spattention.eval.GroupRun;
import ai.spattention.eval.Limit;
import ai.spattention.eval.Sample;
import ai.spattention.eval.TaskRun;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.metric.ChoiceMetrics;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.score.Scorer;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.pattern.LayoutLength;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What a model says to benchmark tasks, in numbers that tell more than accuracy where models are small: the bits a byte of the right
 * answer; the margin, the least bits a byte of a wrong answer less those of the right one; and the accuracy beside. An answer's bytes are
 * those of its text in UTF-8 without the blank before it. A continuation without wrong answers has no margin, and is right if the model
 * would have written it; whole texts are not probed, for they have no answers. An example is a window of its own.
 */
public final class TaskProbe {

    private final RequestEncoder encoder;
    private final Function<LayoutLength, Scorer> scorers;
    private final Limit limit;
    private final int shots;
    private final int maxLength;

    /**
     * Creates the probe.
     *
     * @param encoder turns text into tokens
     * @param scorers answers requests, given the layout
     * @param limit how many rows of a task are scored
     * @param shots examples before each question
     * @param maxLength the most tokens that the model reads
     */
    public TaskProbe(RequestEncoder encoder, Function<LayoutLength, Scorer> scorers, Limit limit, int shots, int maxLength) {
        this.encoder = encoder;
        this.scorers = scorers;
        this.limit = limit;
        this.shots = shots;
        this.maxLength = maxLength;
    }

    /**
     * Probes tasks.
     *
     * @param groups the tasks
     * @param folder where their data are
     * @param layouts the layouts, each of which is asked
     * @return for each layout and task its measures
     * @throws ai.spattention.common.InvalidInputException if there are no data, or a row does not fit its task
     * @throws IOException if reading fails
     */
    public List<ProbeResult> run(List<TaskGroup> groups, DataFolder folder, List<LayoutLength> layouts) throws IOException {
        List<ProbeResult> results = new ArrayList<>();
        for (LayoutLength layout : layouts) {
            Map<String, Answers> tasks = new LinkedHashMap<>();
            TaskRun run = new TaskRun(encoder, scorers.apply(layout),
                    sample -> tasks.computeIfAbsent(sample.task(), task -> new Answers()).add(sample), limit, shots);
            for (TaskGroup group : groups) {
                new GroupRun(run, note -> { }).run(group, folder, result -> { });
            }
            tasks.forEach((task, answers) -> answers.measures().forEach((measure, bins) -> results.add(new ProbeResult(
                    ProbeName.TASKS.key(), ProbeRun.VERSION, task, measure, measure.equals("acc") ? "share of examples" : "bits a byte",
                    maxLength, layout.toString(), Map.of("shots", Integer.toString(shots)), bins))));
        }
        return results;
    }

    /** One task's answers; those of an example come one after another. */
    private static final class Answers {

        private final Map<String, BinSums> measures = new LinkedHashMap<>();
        private final List<Sample> example = new ArrayList<>();

        void add(Sample sample) {
            if (!example.isEmpty() && example.get(0).docId() != sample.docId()) {
                end();
            }
            example.add(sample);
        }

        private void end() {
            Sample first = example.get(0);
            if (first.gold() != null) {
                double[] bits = example.stream().mapToDouble(Answers::bitsPerByte).toArray();
                double best = Double.POSITIVE_INFINITY;
                for (int i = 0; i < bits.length; i++) {
                    best = i == first.gold() ? best : Math.min(best, bits[i]);
                }
                int chosen = ChoiceMetrics.chosen(MetricName.ACC, example.stream().map(each -> each.score().logLikelihood()).toList(),
                        example.stream().map(Sample::continuation).toList());
                add("bits_per_byte", bits[first.gold()]);
                if (bits.length > 1) {
                    add("margin", best - bits[first.gold()]);
                }
                add("acc", chosen == first.gold() ? 1 : 0);
            } else if (!first.context().isEmpty()) {
                add("bits_per_byte", bitsPerByte(first));
                add("acc", first.score().greedy() ? 1 : 0);
            }
            example.clear();
        }

        private void add(String measure, double value) {
            BinSums sums = measures.computeIfAbsent(measure, key -> new BinSums(List.of(new BinSums.Range("all", 0, 0))));
            sums.add(0, value);
            sums.endWindow();
        }

        private static double bitsPerByte(Sample sample) {
            String text = sample.continuation();
            byte[] bytes = (text.length() > 1 && text.startsWith(" ") ? text.substring(1) : text).getBytes(StandardCharsets.UTF_8);
            return -sample.score().logLikelihood() / Math.log(2) / Math.max(1, bytes.length);
        }

        Map<String, List<Bin>> measures() {
            if (!example.isEmpty()) {
                end();
            }
            Map<String, List<Bin>> bins = new LinkedHashMap<>();
            measures.forEach((measure, sums) -> bins.put(measure, sums.bins()));
            return bins;
        }
    }
}
