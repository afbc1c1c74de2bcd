package ai.spattention.plan;

import ai.spattention.cuda.CudaStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Finds steps that write outside their arrays, and shows those that read what nothing wrote. A region and the memory around it are
 * filled with ones, which are not numbers in any floating-point type and -1 as integers, before the step that uses it first, and again
 * after the step that uses it last: what is read outside a region's life or bounds spoils the results. After each step, the memory
 * around every living region must still be as it was filled. Regions that are kept are left as they are; the memory around them is
 * filled before the plan's first step. Phases are to run one after the other, each once.
 */
final class ArenaWatch {

    /** Bytes before and behind each region. */
    static final long GUARD = 512;

    private static final byte FILL = (byte) 0xFF;

    private final long address;
    private final TreeMap<Integer, List<Watched>> births = new TreeMap<>();
    private final Map<Integer, List<Watched>> deaths = new HashMap<>();
    private final List<Watched> all = new ArrayList<>();
    private boolean begun;

    /** Memory of a device. */
    interface Memory {

        /** Fills memory with a byte. */
        void fill(long address, byte value, long bytes);

        /** Reads memory, after what was asked before. */
        byte[] read(long address, int bytes);
    }

    /** A region, its place in the arena, and the whole place that is its own. */
    private record Watched(ArenaLayout.Life life, long begin, long end, long guardBegin, long guardEnd) {

        String name() {
            return life.region().name();
        }
    }

    ArenaWatch(ArenaLayout layout, long address) {
        this.address = address;
        for (ArenaLayout.Life life : layout.lives()) {
            long begin = layout.offsets().get(life.region());
            long end = begin + life.region().bytes();
            Watched watched = new Watched(life, begin, end, begin - layout.guard(), ArenaLayout.up(end) + layout.guard());
            all.add(watched);
            births.computeIfAbsent(life.first(), step -> new ArrayList<>()).add(watched);
            deaths.computeIfAbsent(life.last(), step -> new ArrayList<>()).add(watched);
        }
        all.sort(Comparator.comparingLong(Watched::begin));
    }

    /** A step with the watch before and after it. */
    Step.Ready around(int number, String name, Step.Ready step) {
        return stream -> {
            Memory memory = of(stream);
            before(number, memory);
            step.run(stream);
            after(number, name, memory);
        };
    }

    private static Memory of(CudaStream stream) {
        return new Memory() {
            @Override
            public void fill(long where, byte value, long bytes) {
                stream.fill(where, value, bytes);
            }

            @Override
            public byte[] read(long where, int bytes) {
                return stream.read(where, bytes);
            }
        };
    }

    void before(int step, Memory memory) {
        if (!begun || step == 0) { // not only once: another plan may have run in the same arena
            begun = true;
            for (Watched kept : births.getOrDefault(PlanBuilder.BEFORE_ALL, List.of())) {
                fill(memory, kept.guardBegin, kept.begin);
                fill(memory, kept.end, kept.guardEnd);
            }
        }
        for (Watched born : births.getOrDefault(step, List.of())) {
            fill(memory, born.guardBegin, born.guardEnd);
        }
    }

    /**
     * Checks what lives, and spoils what dies.
     *
     * @throws IllegalStateException if a step wrote where it must not
     */
    void after(int step, String name, Memory memory) {
        for (Watched watched : all) {
            if (watched.life.holds(step)) {
                check(watched.guardBegin, watched.begin, step, name, memory);
                check(watched.end, watched.guardEnd, step, name, memory);
            }
        }
        for (Watched dead : deaths.getOrDefault(step, List.of())) {
            fill(memory, dead.begin, dead.end);
        }
    }

    private void fill(Memory memory, long begin, long end) {
        memory.fill(address + begin, FILL, end - begin);
    }

    private void check(long begin, long end, int step, String name, Memory memory) {
        byte[] found = memory.read(address + begin, (int) (end - begin));
        for (int i = 0; i < found.length; i++) {
            if (found[i] != FILL) {
                throw new IllegalStateException("step " + step + " (" + name + ") wrote outside its arrays: at byte " + (begin + i)
                        + " of the arena, " + between(begin + i, step));
            }
        }
    }

    /** Where a byte lies among the regions that live. */
    private String between(long at, int step) {
        Predicate<Watched> lives = watched -> watched.life.holds(step);
        Optional<Watched> before = all.stream().filter(lives.and(watched -> watched.end <= at))
                .max(Comparator.comparingLong(Watched::end));
        Optional<Watched> behind = all.stream().filter(lives.and(watched -> watched.begin > at)).findFirst();
        return before.map(watched -> (at - watched.end) + " bytes behind '" + watched.name() + "'").orElse("behind nothing")
                + " and " + behind.map(watched -> (watched.begin - at) + " bytes before '" + watched.name() + "'").orElse("before nothing");
    }
}
