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
        ArenaWatch watch = layout.guard() == 0 ? null : new ArenaWatch(layout, address);
        for (int number = 0; number < steps.size(); number++) {
            PlanBuilder.Planned planned = steps.get(number);
            String name = planned.step().toString();
            Step.Ready step = planned.step().prepare();
            ready.get(phases.get(planned.phase())).add(new ReadyStep(planned.part(), name,
                    watch == null ? step : watch.around(number, name, step)));
        }
        return new Loaded(ready, watch != null);
    }

    /** The steps of all phases. */
    List<Step> steps() {
        return steps.stream().map(PlanBuilder.Planned::step).toList();
    }

    /** The phase of a step. */
    String phase(int number) {
        return phases.get(steps.get(number).phase());
    }

    /** Where regions lie. */
    ArenaLayout layout() {
        return layout;
    }

    /** A step that can run, and what it is part of. */
    record ReadyStep(String part, String name, Step.Ready step) {}

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
        private final boolean watched;
        private final Map<List<String>, CudaGraph> graphs = new LinkedHashMap<>();

        private Loaded(Map<String, List<ReadyStep>> phases, boolean watched) {
            this.phases = phases;
            this.watched = watched;
        }

        /** A phase's steps, in their order. */
        List<ReadyStep> steps(String phase) {
            List<ReadyStep> steps = phases.get(phase);
            if (steps == null) {
                throw new IllegalArgumentException("the plan has no phase '" + phase + "': it has " + phases.keySet());
            }
            return steps;
        }

        /**
         * Puts a phase on a stream, launch by launch, and returns.
         *
         * @param phase the phase's name
         * @param stream the stream
         */
        public void run(String phase, CudaStream stream) {
            run(List.of(phase), stream);
        }

        /**
         * Puts phases on a stream one after the other, launch by launch, and returns.
         *
         * @param names the phases' names
         * @param stream the stream
         */
        public void run(List<String> names, CudaStream stream) {
            stream.device().inContext(() -> names.forEach(phase -> {
                for (ReadyStep ready : steps(phase)) {
                    ready.step.run(stream);
                }
            }));
        }

        /**
         * Puts a phase on a stream as one graph, which is recorded the first time; launch by launch where the plan is watched, whose
         * memory is read between steps.
         *
         * @param phase the phase's name
         * @param stream the stream
         */
        public void runAsGraph(String phase, CudaStream stream) {
            runAsGraph(List.of(phase), stream);
        }

        /**
         * Puts phases on a stream as one graph, likewise.
         *
         * @param names the phases' names
         * @param stream the stream
         */
        public void runAsGraph(List<String> names, CudaStream stream) {
            if (watched) {
                run(names, stream);
                return;
            }
            record(names, stream);
            graphs.get(names).launch(stream);
        }

        /**
         * Records the graph of phases where it was not yet; nothing of them runs.
         *
         * @param names the phases' names
         * @param stream the stream
         */
        public void record(List<String> names, CudaStream stream) {
            if (!watched) {
                graphs.computeIfAbsent(List.copyOf(names), phases -> CudaGraph.capture(stream, () -> run(phases, stream)));
            }
        }

        /**
         * Runs a phase and measures the GPU's own time.
         *
         * @param phase the phase's name
         * @param stream the stream
         * @return each step's time, in order
         */
        public List<StepTime> profile(String phase, CudaStream stream) {
            List<ReadyStep> steps = steps(phase);
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
