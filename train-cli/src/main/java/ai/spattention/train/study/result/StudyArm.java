package ai.spattention.train.study.result;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One of the models that a study compares.
 *
 * @param name its name
 * @param description what it is, for people; may be empty
 * @param settings what it overrides of the base configuration, each value as text by its key
 * @param pairs the share of dense attention's pairs of query and key that it computes at the training length, 1 for dense
 * @param bandEdges the distances at which a head's band or window begins or ends, ascending; empty where there are none
 */
public record StudyArm(String name, String description, Map<String, String> settings, double pairs, List<Integer> bandEdges) {

    /**
     * Checks the share.
     *
     * @throws IllegalArgumentException if it is no share
     */
    public StudyArm {
        if (!(pairs > 0 && pairs <= 1)) {
            throw new IllegalArgumentException("arm '" + name + "' cannot compute " + pairs + " times dense attention's pairs");
        }
        settings = Map.copyOf(settings);
        bandEdges = List.copyOf(bandEdges);
    }

    /** In the order of the keys, for a file that people read. */
    @Override
    public Map<String, String> settings() {
        return new TreeMap<>(settings);
    }
}
