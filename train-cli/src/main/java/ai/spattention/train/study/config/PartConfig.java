package ai.spattention.train.study.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs of one budget, as a study's configuration has them.
 *
 * @param name the part's name, also a folder's
 * @param steps optimizer steps of each run, at least 1
 * @param settings what its runs override of the base configuration, such as {@code schedule.warmup_steps}, each value as text by its key
 * @param arms the arms' names
 * @param seeds the seeds, each once
 */
public record PartConfig(String name, long steps, Map<String, String> settings, List<String> arms, List<Long> seeds) {

    /** Copies settings and lists. */
    public PartConfig {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        arms = List.copyOf(arms);
        seeds = List.copyOf(seeds);
    }
}
