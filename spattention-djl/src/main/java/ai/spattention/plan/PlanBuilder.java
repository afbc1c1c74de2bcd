package ai.spattention.plan;

import ai.spattention.cuda.TensorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects the steps of a plan. Steps run in the order in which they are added, phase after phase; each phase is started by itself
 * ({@link Plan#run}). A region of the arena lives from the first step that uses it to the last one, unless it is kept.
 */
public final class PlanBuilder {

    private final List<Planned> steps = new ArrayList<>();
    private final List<Region> kept = new ArrayList<>();
    private final List<String> phases = new ArrayList<>();
    private String part = "";

    /**
     * A step and what it belongs to.
     *
     * @param phase the phase's number
     * @param part what the step is part of, for profiles
     * @param step the step
     */
    record Planned(int phase, String part, Step step) {}

    /**
     * Begins the next phase.
     *
     * @param name its name, by which it is run
     */
    public void phase(String name) {
        phases.add(name);
    }

    /**
     * Says what the following steps are part of.
     *
     * @param name the part's name, for profiles
     */
    public void part(String name) {
        part = name;
    }

    /**
     * A new array in the arena, of any values.
     *
     * @param name what it holds, for messages
     * @param type the elements' type
     * @param sizes the sizes, outermost first
     * @return the array, without gaps
     */
    public Tensor array(String name, TensorView.Type type, long... sizes) {
        long bytes = Math.multiplyExact(Arrays.stream(sizes).reduce(1, Math::multiplyExact), type.bytes());
        return Tensor.dense(Region.ofArena(name, bytes), 0, type, sizes);
    }

    /**
     * Keeps an array's memory for it alone, from before the first step to after the last: what is written before the plan runs, or read
     * afterwards.
     *
     * @param array an array of the arena
     * @return the same array
     */
    public Tensor keep(Tensor array) {
        kept.add(array.region());
        return array;
    }

    /**
     * Adds a step to the current phase.
     *
     * @param step the step
     */
    public void add(Step step) {
        steps.add(new Planned(phases.size() - 1, part, step));
    }

    /**
     * Lays the arena out.
     *
     * @return the plan, which needs memory to run
     */
    public Plan build() {
        return build(0);
    }

    /** With gaps between regions that nothing may write to. */
    Plan build(long gap) {
        Map<Region, int[]> lives = new LinkedHashMap<>();
        for (int number = 0; number < steps.size(); number++) {
            for (Tensor tensor : steps.get(number).step.tensors()) {
                if (tensor.region().isPlacedByPlan()) {
                    int now = number;
                    lives.computeIfAbsent(tensor.region(), region -> new int[] {now, now})[1] = now;
                }
            }
        }
        List<ArenaLayout.Life> all = new ArrayList<>();
        for (Region region : kept) {
            lives.remove(region);
            all.add(new ArenaLayout.Life(region, -1, steps.size()));
        }
        lives.forEach((region, life) -> all.add(new ArenaLayout.Life(region, life[0], life[1])));
        return new Plan(List.copyOf(phases), List.copyOf(steps), new ArenaLayout(all, gap));
    }
}
