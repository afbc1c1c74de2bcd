package ai.spattention.train.study.result;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A study, {@value #FILE_NAME} in its folder: what was to be done, and all that was measured. Statistics are not in it; they follow from it.
 *
 * @param formatVersion {@value #VERSION}; 2, which has every window of the runs, and 1, which also writes out counts of windows that are all
 *     alike, are taken up as that
 * @param name the study's name, the page's title
 * @param configuration the study's configuration as it was read, YAML
 * @param arms the arms in the order in which they are shown
 * @param reference the arm that the others are compared with
 * @param margin nats a token by which models may differ and still be called equal, declared beforehand
 * @param parts the parts; the first one's differences decide
 * @param sets the names of the held-out sets; the first one's losses decide
 * @param probes the probes that were to run, by {@link MeasurementName}
 * @param trainingLength N, tokens of a training sequence
 * @param speedUps measured elsewhere; may be empty
 * @param deviations what was done otherwise than planned, a sentence each; may be empty
 * @param dataDigests what was learnt from and measured on: digests by what they are of
 * @param commit the program's commit, or its version where that is not known
 * @param device what the runs ran on, for people
 * @param runs the finished runs, the windows of each bin merged to at most 64 blocks of neighbours with means in four digits; each is a
 *     run's {@value RunResult#FILE_NAME}, too, and put back as that gives the same study
 */
public record StudyResult(int formatVersion, String name, String configuration, List<StudyArm> arms, String reference, double margin,
        List<StudyPart> parts, List<String> sets, List<String> probes, int trainingLength, List<SpeedUp> speedUps, List<String> deviations,
        Map<String, String> dataDigests, String commit, String device, List<RunResult> runs) {

    /** The format that this program writes. */
    public static final int VERSION = 3;

    /** The file's name in the study's folder. */
    public static final String FILE_NAME = "study.json";

    /**
     * Checks that the parts fit together.
     *
     * @throws IllegalArgumentException if names come twice, the reference is no arm, the margin is not above 0, nothing is to be compared,
     *     or two runs are the same one
     */
    public StudyResult {
        arms = List.copyOf(arms);
        parts = List.copyOf(parts);
        sets = List.copyOf(sets);
        probes = List.copyOf(probes);
        speedUps = List.copyOf(speedUps);
        deviations = List.copyOf(deviations);
        dataDigests = Map.copyOf(dataDigests);
        runs = runs.stream().map(WindowBlocks::of).toList();
        List<String> names = arms.stream().map(StudyArm::name).toList();
        require(formatVersion >= 1 && formatVersion <= VERSION, "a study has format version 1 to " + VERSION + " (got " + formatVersion + ")");
        formatVersion = VERSION;
        require(names.stream().distinct().count() == names.size(), "two arms have one name: " + names);
        require(names.contains(reference), "the reference '" + reference + "' is none of the arms " + names);
        require(margin > 0 && !Double.isInfinite(margin), "the margin must be above 0 nats a token (got " + margin + ")");
        require(!parts.isEmpty() && !sets.isEmpty(), "a study needs at least one part and one held-out set");
        require(parts.stream().map(StudyPart::name).distinct().count() == parts.size(), "two parts have one name");
        require(runs.stream().map(RunResult::name).distinct().count() == runs.size(), "two runs are of one part, arm and seed");
        for (RunResult run : runs) {
            require(names.contains(run.arm()), "run '" + run.name() + "' is of none of the arms " + names);
            require(parts.stream().anyMatch(part -> part.name().equals(run.part())), "run '" + run.name() + "' is of none of the parts");
        }
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }

    /** In the order of the keys, for a file that people read. */
    @Override
    public Map<String, String> dataDigests() {
        return new TreeMap<>(dataDigests);
    }

    /**
     * An arm.
     *
     * @param arm its name
     * @return the arm, empty if the study has none of that name
     */
    public Optional<StudyArm> arm(String arm) {
        return arms.stream().filter(each -> each.name().equals(arm)).findFirst();
    }

    /**
     * The finished runs of a part.
     *
     * @param part the part's name
     * @return its runs
     */
    public List<RunResult> runs(String part) {
        return runs.stream().filter(run -> run.part().equals(part)).toList();
    }

    /**
     * The set whose losses decide.
     *
     * @return the first of the sets
     */
    public String mainSet() {
        return sets.get(0);
    }
}
