package ai.spattention.train.study.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.config.TextList;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyPart;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The runs of a study in their order: part by part, seed by seed, arm by arm, so that whoever stops leaves a table with whole rows.
 *
 * @param study the configuration
 * @param runs the runs
 * @param arms the arms with what is known of their attention
 */
public record StudyPlan(StudyConfig study, List<PlannedRun> runs, List<StudyArm> arms) {

    /** What a run's numbers do not depend on. */
    private static final List<String> WITHOUT_EFFECT = List.of("name", "device", "data.path");

    /** How an override begins where the loader refuses it. */
    private static final String OVERRIDE = "--set ";

    private static final String PROBES = "validation.probes";

    /** Copies the lists. */
    public StudyPlan {
        runs = List.copyOf(runs);
        arms = List.copyOf(arms);
    }

    /**
     * Makes the plan.
     *
     * @param source where the study's configuration was read
     * @param study the configuration
     * @return the plan
     * @throws InvalidInputException if an arm's configuration is not allowed, two are the same, or they do not learn from the same tokens
     */
    public static StudyPlan of(ConfigSource source, StudyConfig study) {
        List<PlannedRun> runs = new ArrayList<>();
        for (PartConfig part : study.parts()) {
            for (long seed : part.seeds()) {
                for (String arm : part.arms()) {
                    RunConfig config = config(source, study, study.arm(arm), part, seed);
                    runs.add(new PlannedRun(part.name(), arm, seed, config, digest(config)));
                }
            }
        }
        Map<ArmConfig, RunConfig> configs = new LinkedHashMap<>();
        study.arms().forEach(arm -> configs.put(arm, config(source, study, arm)));
        requireDifferent(source, configs);
        requireSameTokens(source, runs);
        return new StudyPlan(study, runs, configs.entrySet().stream().map(each -> arm(each.getKey(), each.getValue())).toList());
    }

    private static RunConfig config(ConfigSource source, StudyConfig study, ArmConfig arm, PartConfig part, long seed) {
        List<String> settings = new ArrayList<>();
        settings.add(PROBES + "=" + new TextList(Stream.concat(Stream.of(ProbeName.LOSS.key()), study.probes().stream())
                .toList()).asOverride());
        for (Map<String, String> each : List.of(study.settings(), part.settings(), arm.settings())) {
            each.forEach((key, value) -> settings.add(key + "=" + value));
        }
        settings.add("name=" + part.name() + "-" + arm.name() + "-" + seed);
        settings.add("seed=" + seed);
        settings.add("training.steps=" + part.steps());
        settings.add("data.path=" + study.data());
        ConfigSource base = source.relative(study.base());
        try {
            return RunConfigLoader.load(base, settings);
        } catch (InvalidInputException e) {
            throw new InvalidInputException(source + ": " + placed(e.getMessage(), study, arm, part), e);
        }
    }

    /** Settings reach a run as overrides do, which nobody wrote: the place is named where each stands in the study's file. */
    private static String placed(String message, StudyConfig study, ArmConfig arm, PartConfig part) {
        if (!message.startsWith(OVERRIDE)) {
            return "arm '" + arm.name() + "': " + message;
        }
        String setting = message.substring(OVERRIDE.length());
        String key = setting.substring(0, Math.max(0, setting.indexOf('=')));
        String place = arm.settings().containsKey(key) ? "arms." + arm.name()
                : part.settings().containsKey(key) ? "parts." + part.name() + ".settings"
                : study.settings().containsKey(key) ? "settings"
                : key.equals(PROBES) ? "probes" : "parts." + part.name() + ", arm '" + arm.name() + "'";
        return place + ": " + setting;
    }

    /** An arm's configuration at no budget in particular. */
    private static RunConfig config(ConfigSource source, StudyConfig study, ArmConfig arm) {
        return config(source, study, arm, study.parts().get(0), study.parts().get(0).seeds().get(0));
    }

    private static Map<String, String> effective(RunConfig config) {
        Map<String, String> settings = new TreeMap<>(RunConfigWriter.settings(config));
        settings.keySet().removeAll(WITHOUT_EFFECT);
        return settings;
    }

    private static String digest(RunConfig config) {
        return Sha256.of(effective(config).toString());
    }

    private static void requireDifferent(ConfigSource source, Map<ArmConfig, RunConfig> configs) {
        Map<Map<String, String>, String> known = new HashMap<>();
        configs.forEach((arm, config) -> {
            String other = known.putIfAbsent(effective(config), arm.name());
            if (other != null) {
                throw new InvalidInputException(source + ": the arms '" + other + "' and '" + arm.name()
                        + "' have one configuration: change a setting of one, or leave one out");
            }
        });
    }

    private static void requireSameTokens(ConfigSource source, List<PlannedRun> runs) {
        RunConfig first = runs.get(0).config();
        for (PlannedRun run : runs) {
            RunConfig config = run.config();
            if (config.tokensPerStep() != first.tokensPerStep() || config.data().sequenceLength() != first.data().sequenceLength()) {
                throw new InvalidInputException(source + ": the arms '" + runs.get(0).arm() + "' and '" + run.arm() + "' must learn from the"
                        + " same sequences (got " + first.tokensPerStep() + " tokens a step in sequences of " + first.data().sequenceLength()
                        + ", and " + config.tokensPerStep() + " in sequences of " + config.data().sequenceLength() + ")");
            }
        }
    }

    private static StudyArm arm(ArmConfig arm, RunConfig run) {
        OlmoeConfig model = ModelSetup.config(run, null);
        int heads = model.numAttentionHeads();
        int length = run.data().sequenceLength();
        int layout = model.layoutLength().resolve(length);
        double pairs = 0;
        for (int layer = 0; layer < model.numHiddenLayers(); layer++) {
            pairs += model.patterns().of(layer).allowedPairs(heads, layout, length);
        }
        double dense = (double) model.numHiddenLayers() * StandardPattern.CAUSAL.allowedPairs(heads, layout, length);
        TreeSet<Integer> edges = new TreeSet<>();
        for (AttentionPattern pattern : model.patterns().distinct()) {
            for (int head = 0; head < heads && !pattern.dependsOnData(); head++) {
                for (Band band : pattern.headMask(head, heads, layout).bands()) {
                    edges.add(band.minDistance());
                    edges.add(band.maxDistance());
                }
            }
        }
        return new StudyArm(arm.name(), arm.description(), arm.settings(), pairs / dense,
                edges.stream().filter(edge -> edge > 0 && edge < length).toList());
    }

    /**
     * A short run of each arm, from which follows how long the study takes.
     *
     * @param source where the study's configuration was read
     * @param steps its steps
     * @return runs, in the arms' order
     */
    public List<PlannedRun> timings(ConfigSource source, int steps) {
        PartConfig part = new PartConfig("timing", steps, Map.of("schedule.warmup_steps", "1"), study.parts().get(0).arms(), List.of(0L));
        return study.arms().stream().map(arm -> {
            RunConfig config = config(source, study, arm, part, 0);
            return new PlannedRun(part.name(), arm.name(), 0, config, digest(config));
        }).toList();
    }

    /**
     * The tokens of a sequence.
     *
     * @return N
     */
    public int trainingLength() {
        return runs.get(0).config().data().sequenceLength();
    }

    /**
     * The most sequences that a run learns from.
     *
     * @return the number
     */
    public long mostSequences() {
        return runs.stream().mapToLong(run -> run.config().training().steps() * run.config().tokensPerStep() / trainingLength()).max().orElseThrow();
    }

    /**
     * The parts, as a study's results have them.
     *
     * @return the parts
     */
    public List<StudyPart> parts() {
        long tokensPerStep = runs.get(0).config().tokensPerStep();
        return study.parts().stream().map(part -> new StudyPart(part.name(), part.steps(), part.steps() * tokensPerStep, part.arms(),
                part.seeds())).toList();
    }
}
