package ai.spattention.plan;

import ai.spattention.cuda.CudaEvent;
import ai.spattention.cuda.CudaGraph;
import ai.spattention.cuda.CudaStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A computation whose every launch and address is decided. {@link #bytes()} says exactly how much memory it needs; {@link #on} gives it
 * that, and the plan can run.
 */
public final class Plan {

    private final List<String> phases;
    private final List<PlanBuilder.Planned> steps;
    private final ArenaLayout layout;

    Plan(List<String> phases, List<PlanBuilder.Planned> steps, ArenaLayout layout) {
        this.phases = phases;
        this.steps = steps;
        this.layout = layout;
    }

    /**
     * The size of the arena.
     *
     * @return bytes
     */
    public long bytes() {
        return layout.bytes();
    }

    /**
     * How many launches there are.
     *
     * @return the steps of all phases
     */
    public int size() {
        return steps.size();
    }

    /**
     * Places the regions and makes all steps ready.
     *
     * @param address the arena's address, a multiple of 512
     * @return the plan, ready to run
     */
    public Loaded on(long address) {
        layout.offsets().forEach((region, offset) -> region.place(address + offset));
        Map<String, List<ReadyStep>> ready = new LinkedHashMap<>();
        phases.forEach(phase -> ready.put(phase, new ArrayList<>()));
        for (PlanBuilder.Planned planned : steps) {
            ready.get(phases.get(planned.phase())).add(new ReadyStep(planned.part(), planned.step().toString(), planned.step().prepare()));
        }
        return new Loaded(ready);
    }

    /** A step that can run, and what it is part of. */
    private record ReadyStep(String part, String name, Step.Ready step) {}

    /**
     * How long a step took.
     *
     * @param part what it is part of
     * @param name what it is
     * @param milliseconds of the GPU, with the event that measured it
     */
    public record StepTime(String part, String name, double milliseconds) {}

    /** A plan whose memory has its place. */
    public static final class Loaded implements AutoCloseable {

        private final Map<String, List<ReadyStep>> phases;
        private final Map<String, CudaGraph> graphs = new LinkedHashMap<>();

        private Loaded(Map<String, List<ReadyStep>> phases) {
            this.phases = phases;
        }

        /**
         * Puts a phase on a stream, launch by launch, and returns.
         *
         * @param phase the phase's name
         * @param stream the stream
         */
        public void run(String phase, CudaStream stream) {
            stream.device().inContext(() -> {
                for (ReadyStep ready : phases.get(phase)) {
                    ready.step.run(stream);
                }
            });
        }

        /**
         * Puts a phase on a stream as one graph, which is recorded the first time.
         *
         * @param phase the phase's name
         * @param stream the stream
         */
        public void runAsGraph(String phase, CudaStream stream) {
            graphs.computeIfAbsent(phase, name -> CudaGraph.capture(stream, () -> run(name, stream))).launch(stream);
        }

        /**
         * Runs a phase and measures the GPU's own time.
         *
         * @param phase the phase's name
         * @param stream the stream
         * @return each step's time, in order
         */
        public List<StepTime> profile(String phase, CudaStream stream) {
            List<ReadyStep> steps = phases.get(phase);
            List<CudaEvent> events = new ArrayList<>();
            steps.forEach(step -> events.add(new CudaEvent(stream.device())));
            events.add(new CudaEvent(stream.device()));
            stream.device().inContext(() -> {
                for (int i = 0; i < steps.size(); i++) {
                    events.get(i).record(stream);
                    steps.get(i).step.run(stream);
                }
                events.get(steps.size()).record(stream);
            });
            List<StepTime> times = new ArrayList<>();
            for (int i = 0; i < steps.size(); i++) {
                times.add(new StepTime(steps.get(i).part, steps.get(i).name, events.get(i).millisecondsTo(events.get(i + 1))));
            }
            events.forEach(CudaEvent::close);
            return times;
        }

        @Override
        public void close() {
            graphs.values().forEach(CudaGraph::close);
            graphs.clear();
        }
    }
}
