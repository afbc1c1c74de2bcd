package ai.spattention.attention;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What was worked out for the calls used last. Calls of one kind come back at every layer and step; the bound keeps sequences
 * of many lengths from piling up. Several threads may use one: what is kept no longer is released once nobody uses it.
 *
 * @param <K> what tells one kind of call from another
 * @param <P> what is kept for it
 */
public final class PlanCache<K, P> {

    private static final int KEPT = 32;

    private final Map<K, Plan<P>> plans = new LinkedHashMap<>(16, 0.75f, true);
    private final Function<K, P> build;
    private final Consumer<P> drop;

    /** A plan and by how many it is used: the cache counts as one. */
    private static final class Plan<P> {

        private final P content;
        private int users = 1;

        Plan(P content) {
            this.content = content;
        }
    }

    /**
     * Creates an empty cache.
     *
     * @param build makes what is missing
     * @param drop releases what is kept no longer
     */
    public PlanCache(Function<K, P> build, Consumer<P> drop) {
        this.build = build;
        this.drop = drop;
    }

    /**
     * Uses a plan, which is not released before the use ends, whatever other threads ask for.
     *
     * @param key what the plan is for
     * @param use what is done with it; it must not keep the plan
     * @param <R> what the use gives
     * @return what the use gave
     */
    public <R> R use(K key, Function<P, R> use) {
        Plan<P> plan = take(key);
        try {
            return use.apply(plan.content);
        } finally {
            leave(plan);
        }
    }

    private synchronized Plan<P> take(K key) {
        Plan<P> plan = plans.get(key);
        if (plan == null) {
            plan = new Plan<>(build.apply(key));
            plans.put(key, plan);
            if (plans.size() > KEPT) {
                leave(plans.remove(plans.keySet().iterator().next()));
            }
        }
        plan.users++;
        return plan;
    }

    private synchronized void leave(Plan<P> plan) {
        plan.users--;
        if (plan.users == 0) {
            drop.accept(plan.content);
        }
    }
}
