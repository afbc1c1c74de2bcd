package ai.spattention.kernel;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What was worked out for the calls used last. Calls of one kind come back at every layer and step; the bound keeps sequences
 * of many lengths from piling up. Several threads may use one.
 *
 * @param <K> what tells one kind of call from another
 * @param <P> what is kept for it
 */
final class PlanCache<K, P> {

    private static final int KEPT = 32;

    private final Map<K, P> plans = new LinkedHashMap<>(16, 0.75f, true);
    private final Function<K, P> build;
    private final Consumer<P> drop;

    /**
     * Creates an empty cache.
     *
     * @param build makes what is missing
     * @param drop releases what is kept no longer
     */
    PlanCache(Function<K, P> build, Consumer<P> drop) {
        this.build = build;
        this.drop = drop;
    }

    synchronized P get(K key) {
        P plan = plans.get(key);
        if (plan == null) {
            plan = build.apply(key);
            plans.put(key, plan);
            if (plans.size() > KEPT) {
                drop.accept(plans.remove(plans.keySet().iterator().next()));
            }
        }
        return plan;
    }
}
