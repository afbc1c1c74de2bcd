package ai.spattention.plan;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects the steps of a plan. Steps run in the order in which they are added, phase after phase; each phase is started by itself
 * ({@link Plan.Loaded#run}). A region of the arena lives from the first step that uses it to the last one, unless it is kept.
 *
 * <pre>{@code
 * PlanBuilder plan = new PlanBuilder(target);
 * Tensor in = plan.keep(plan.array("numbers", Type.FLOAT32, 64, 1024)); // kept: it is written before the plan runs
 * Tensor out = plan.keep(plan.array("root", Type.FLOAT32, 64));
 * plan.phase("forward");
 * new RmsNormSteps(plan, 1e-5f).forward(in, weight, plan.array("normalised", Type.BFLOAT16, 64, 1024), out);
 * Plan made = plan.build();               // every address is decided, relative to the arena: made.bytes() of memory
 * Plan.Loaded ready = made.on(address);   // an arena's address on the GPU
 * ready.run("forward", stream);           // or runAsGraph
 * }</pre>
 */
public final class PlanBuilder implements Launches {

    /**
     * The system property that makes plans look for steps that write outside their arrays, or read what nothing wrote. They run far
     * slower then, step by step.
     */
    public static final String WATCH = "spattention.plan.watch";

    /** The number of the step from which on kept regions live. */
    static final int BEFORE_ALL = -1;

    private final CudaTarget target;
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
     * Begins a plan.
     *
     * @param target the GPU that it is for
     */
    public PlanBuilder(CudaTarget target) {
        this.target = target;
    }

    @Override
    public CudaTarget target() {
        return target;
    }

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

    /** {@inheritDoc} It lies in the arena. */
    @Override
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
     * @throws IllegalStateException if no phase was begun
     */
    @Override
    public void add(Step step) {
        if (phases.isEmpty()) {
            throw new IllegalStateException("a step belongs to a phase: begin one before " + step);
        }
        steps.add(new Planned(phases.size() - 1, part, step));
    }

    /**
     * Lays the arena out; watched ({@link ArenaWatch}) where the system property {@value #WATCH} is true.
     *
     * @return the plan, which needs memory to run
     * @throws IllegalStateException if a step was not given all that it needs
     */
    public Plan build() {
        return build(Boolean.getBoolean(WATCH) ? ArenaWatch.GUARD : 0);
    }

    /**
     * Lays the arena out.
     *
     * @param guard the memory before and behind each region that is watched, in bytes; 0 for a plan that is not watched
     */
    Plan build(long guard) {
        steps.forEach(planned -> planned.step.check());
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
            all.add(new ArenaLayout.Life(region, BEFORE_ALL, steps.size()));
        }
        lives.forEach((region, life) -> all.add(new ArenaLayout.Life(region, life[0], life[1])));
        return new Plan(List.copyOf(phases), List.copyOf(steps), new ArenaLayout(all, guard));
    }
}
