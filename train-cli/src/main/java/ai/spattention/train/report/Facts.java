package ai.spattention.train.report;

import ai.spattention.olmoe.config.ModelFlops;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.report.chart.Numbers;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A run in numbers: names and values for people, in the order in which they should stand. */
final class Facts {

    private Facts() {}

    /** What came out. */
    static Map<String, String> results(RunData run) {
        Map<String, String> facts = new LinkedHashMap<>();
        RunCurves curves = run.curves();
        Series loss = curves.of(Metric.LOSS);
        facts.put("recent training loss", Numbers.loss(loss.recentMean()));
        curves.heldOut().forEach((name, validation) -> {
            String set = name.equals(HeldOutLoss.UNNAMED) ? "" : " of " + name;
            facts.put("validation loss" + set, Numbers.loss(validation.last()));
            facts.put("lowest validation loss" + set, Numbers.loss(validation.smallest()));
            curves.bitsPerByte(name).ifPresent(bits -> facts.put("bits a byte" + set, Numbers.loss(bits)));
        });
        curves.last().ifPresent(last -> progress(facts, run, last));
        double speed = curves.of(Metric.THROUGHPUT).typical();
        facts.put("throughput", Numbers.count(speed) + " tokens/s");
        run.model().ifPresent(model -> {
            facts.put("model FLOP/s",
                    Numbers.prefixed(speed * ModelFlops.trainingPerToken(model, run.sequenceLength())) + "FLOP/s");
            facts.put("model-FLOP utilisation", utilisation(curves.of(Metric.UTILISATION).typical()));
        });
        double slowest = curves.of(Metric.SLOWEST).typical();
        if (Double.isFinite(slowest)) {
            facts.put("passes of the slowest process", Numbers.plain(slowest) + " s a step (median "
                    + Numbers.plain(curves.of(Metric.MEDIAN).typical()) + " s)");
        }
        double memory = curves.of(Metric.MEMORY).typical();
        if (Double.isFinite(memory)) {
            facts.put("memory", Numbers.whole(Math.round(memory)) + " MiB");
        }
        double gpuMemory = curves.of(Metric.GPU_MEMORY).typical();
        if (Double.isFinite(gpuMemory)) {
            facts.put("GPU memory", Numbers.whole(Math.round(gpuMemory)) + " MiB");
        }
        return facts;
    }

    /** No peak, no figure: what a CPU can do at most is not known. */
    private static String utilisation(double part) {
        return Double.isFinite(part) ? Numbers.count(100 * part) + "%" : "unknown";
    }

    /** What benchmark tasks gave in the end; empty if none was scored. */
    static Map<String, String> tasks(RunData run) {
        Map<String, String> facts = new LinkedHashMap<>();
        run.curves().taskScores().forEach((name, scores) -> facts.put(name, Numbers.plain(scores.last())));
        return facts;
    }

    private static void progress(Map<String, String> facts, RunData run, StepMetrics last) {
        facts.put("steps", Numbers.whole(last.step())
                + run.config().map(config -> " of " + Numbers.whole(config.training().steps())).orElse(""));
        facts.put("tokens", Numbers.count(last.tokens()));
        facts.put("time", Numbers.clock(last.timeSeconds()));
    }

    /** What was trained; empty if that is not known. */
    static Map<String, String> model(RunData run) {
        Map<String, String> facts = new LinkedHashMap<>();
        run.model().ifPresent(model -> model(facts, model, run.sequenceLength()));
        return facts;
    }

    private static void model(Map<String, String> facts, OlmoeConfig model, int length) {
        facts.put("attention", model.patterns().toString());
        facts.put("layout length", model.layoutLength().toString());
        facts.put("parameters", Numbers.count(model.totalParams()));
        facts.put("active parameters", Numbers.count(model.activeParams()));
        facts.put("layers", Integer.toString(model.numHiddenLayers()));
        facts.put("hidden size", Integer.toString(model.hiddenSize()));
        facts.put("heads", model.numAttentionHeads() + (model.numKeyValueHeads() == model.numAttentionHeads() ? ""
                : " (" + model.numKeyValueHeads() + " for keys and values)"));
        facts.put("experts", model.numExpertsPerTok() + " of " + model.numExperts() + ", width " + model.intermediateSize());
        facts.put("vocabulary", Numbers.whole(model.vocabSize()));
        facts.put("training FLOPs a token", Numbers.prefixed(ModelFlops.trainingPerToken(model, length)) + "FLOP");
    }

    /** How it was trained; empty if that is not known. */
    static Map<String, String> training(RunData run) {
        Map<String, String> facts = new LinkedHashMap<>();
        run.config().ifPresent(config -> training(facts, config));
        return facts;
    }

    private static void training(Map<String, String> facts, RunConfig config) {
        facts.put("sequence length", Numbers.whole(config.data().sequenceLength()));
        facts.put("tokens a step", Numbers.whole(config.tokensPerStep()));
        facts.put("peak learning rate", Numbers.plain(config.optimizer().peakLr()));
        facts.put("schedule", config.schedule().type().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        facts.put("warm-up steps", Numbers.whole(config.schedule().warmupSteps()));
        facts.put("weight decay", Numbers.plain(config.optimizer().weightDecay()));
        facts.put("load-balancing weight", Numbers.plain(config.training().loadBalancingLossWeight()));
        facts.put("router z-loss weight", Numbers.plain(config.training().routerZLossWeight()));
        facts.put("seed", Long.toString(config.seed()));
        facts.put("data seed", Long.toString(config.data().seed()));
        facts.put("precision", config.precision().name().toLowerCase(Locale.ROOT));
    }
}
