package ai.spattention.train.study.result;

import java.util.List;

/**
 * Runs of one budget.
 *
 * @param name the part's name
 * @param steps optimizer steps of each run
 * @param tokens tokens that each run learns from
 * @param arms the arms' names
 * @param seeds the seeds
 */
public record StudyPart(String name, long steps, long tokens, List<String> arms, List<Long> seeds) {

    /** Copies the lists. */
    public StudyPart {
        arms = List.copyOf(arms);
        seeds = List.copyOf(seeds);
    }
}
