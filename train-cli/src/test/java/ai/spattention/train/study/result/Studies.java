package ai.spattention.train.study.result;

import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/** Made-up studies for tests: what an arm is worse by is known. */
public final class Studies {

    public static final List<Long> SEEDS = List.of(1L, 2L, 3L);
    private static final int WINDOWS = 16;
    private static final List<Integer> POSITIONS = List.of(0, 64, 128, 256, 512, 1024, 1536, 2048);
    private static final List<Integer> COPIES = List.of(32, 64, 128, 250, 264, 384, 512, 768, 1000, 1024, 1500, 1900);

    private Studies() {}

    /** A study of these arms by what each is worse than the first; breadth with three seeds, depth with two and the first three arms. */
    public static StudyResult of(Map<String, Double> worse) {
        List<String> names = List.copyOf(worse.keySet());
        List<StudyArm> arms = names.stream().map(name -> new StudyArm(name, name + " attention", Map.of("model.attention_pattern", name),
                name.equals(names.get(0)) ? 1 : 0.25, name.equals("sp") ? List.of(256, 512, 1024) : List.of())).toList();
        StudyPart breadth = new StudyPart("breadth", 300, 19_660_800, names, SEEDS);
        StudyPart depth = new StudyPart("depth", 1200, 78_643_200, names.subList(0, Math.min(3, names.size())), List.of(1L, 2L));
        List<RunResult> runs = new ArrayList<>();
        for (StudyPart part : List.of(breadth, depth)) {
            for (long seed : part.seeds()) {
                part.arms().forEach(arm -> runs.add(run(part, arm, seed, worse.get(arm))));
            }
        }
        return new StudyResult(StudyResult.VERSION, "study of <tests>", "name: study\nmargin: 0.01\n", arms, names.get(0), 0.01,
                List.of(breadth, depth), List.of("validation", "code"), List.of(MeasurementName.POSITION, MeasurementName.RECALL, MeasurementName.COPY,
                        MeasurementName.LENGTH, MeasurementName.TASK_BITS), 2048, List.of(new SpeedUp("sp", 1.4, "bench step on a test's machine")),
                List.of("The learning rate was not checked."), Map.of("validation", "ab12"), "0123abc", "a test's machine", runs);
    }

    /** A run whose loss is 3.5, less at larger budgets, with noise of its seed and of its own (deviation 0.004). */
    public static RunResult run(StudyPart part, String arm, long seed, double worse) {
        Random shared = new Random(seed);
        Random own = new Random(31 * seed + arm.hashCode() + part.steps());
        double loss = 5 - 0.15 * Math.log(part.tokens() / 1000.0) + 0.02 * shared.nextGaussian() + worse
                + (worse == 0 ? 0 : 0.004 * own.nextGaussian());
        Map<String, HeldOutLoss> heldOut = new LinkedHashMap<>();
        heldOut.put("validation", loss(loss));
        heldOut.put("code", loss(loss - 1));
        List<Measurement> probes = new ArrayList<>();
        for (String layout : List.of("fixed", "sequence")) {
            probes.add(probe(MeasurementName.POSITION, layout, POSITIONS, true, from -> loss + 1 - Math.log1p(from) / 10));
            probes.add(probe(MeasurementName.RECALL, layout, List.of(0, 256, 512, 1024, 2048), true, from -> loss - 1 + from * worse / 100));
            probes.add(probe(MeasurementName.COPY, layout, COPIES, false, from -> 2 - worse * from / 50));
            probes.add(new Measurement(MeasurementName.RECALL_CONTROL, layout, "validation", "nats per token", true,
                    List.of(bin("unseen bigrams", 0, 0, loss + 2))));
            probes.add(new Measurement(MeasurementName.TASK_MARGIN, layout, "", "nats", false,
                    List.of(bin("piqa", 0, 0, 0.1 - worse), bin("sciq", 1, 1, 0.2 - worse))));
            probes.add(new Measurement("a new <probe>", layout, "", "points", false, List.of(bin("all", 0, 0, 1 - worse),
                    Bin.of("empty", 1, 1, List.of()))));
            probes.add(probe(MeasurementName.LENGTH, layout, List.of(512, 1024, 4096), true, from -> loss + from / 10_000.0));
        }
        List<CurvePoint> curve = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            long tokens = part.tokens() * i / 20;
            curve.add(new CurvePoint(tokens, 5 - 0.15 * Math.log(tokens / 1000.0) + worse));
        }
        return new RunResult(RunResult.VERSION, part.name(), arm, seed, "c0ffee", "ab12", part.steps(), part.tokens(), 90_000_000,
                16_000_000, heldOut, probes, curve, 250_000, "a test's machine");
    }

    private static HeldOutLoss loss(double mean) {
        Bin all = bin("all", 0, 0, mean);
        return new HeldOutLoss(all.moments(), all.moments().n() * 4, all.windows());
    }

    private static Measurement probe(String name, String layout, List<Integer> edges, boolean isLossLike, ToDoubleFunction<Integer> value) {
        boolean isSingle = name.equals(MeasurementName.COPY) || name.equals(MeasurementName.LENGTH);
        List<Bin> bins = new ArrayList<>();
        for (int i = 0; i < edges.size() - (isSingle ? 0 : 1); i++) {
            int from = edges.get(i);
            int to = isSingle ? from : edges.get(i + 1);
            bins.add(bin(isSingle ? "" + from : from + " to " + (to - 1), from, to, value.applyAsDouble(from)));
        }
        return new Measurement(name, layout, "validation", "nats per token", isLossLike, bins);
    }

    /** Windows whose means lie around one value, the same way in every model. */
    private static Bin bin(String label, double from, double to, double mean) {
        List<Moments> windows = new ArrayList<>();
        for (int window = 0; window < WINDOWS; window++) {
            double value = mean + 0.1 * (window - (WINDOWS - 1) / 2.0);
            windows.add(new Moments(64, 64 * value, 64 * (value * value + 1)));
        }
        return Bin.of(label, from, to, windows);
    }
}
