package ai.spattention.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a plan's regions lie in one arena. Regions whose lives overlap lie apart; the others may share memory. The largest are placed
 * first, each in the lowest gap that holds it. With guards, some memory before and behind each region is the region's, too, while it
 * lives.
 */
final class ArenaLayout {

    /** Suits every kernel, tensor map and product. */
    static final long ALIGNMENT = 512;

    private final long guard;
    private final List<Life> lives;
    private final Map<Region, Long> offsets = new LinkedHashMap<>();
    private long bytes;

    /** From the first step that uses a region to the last one. */
    record Life(Region region, int first, int last) {

        boolean overlaps(Life other) {
            return first <= other.last && other.first <= last;
        }

        /** Whether the region lives while a step runs. */
        boolean holds(int step) {
            return first <= step && step <= last;
        }
    }

    /** A region that has its place. */
    private record Placed(Life life, long begin, long end) {}

    /**
     * Places regions.
     *
     * @param lives the regions' lives
     * @param guard how much memory before and behind each region nothing may touch, in bytes
     */
    ArenaLayout(List<Life> lives, long guard) {
        this.guard = up(guard);
        this.lives = List.copyOf(lives);
        List<Placed> placed = new ArrayList<>();
        List<Life> largestFirst = new ArrayList<>(lives);
        largestFirst.sort(Comparator.comparingLong((Life life) -> life.region.bytes()).reversed());
        for (Life life : largestFirst) {
            long size = up(life.region.bytes()) + 2 * this.guard;
            long begin = 0;
            for (Placed other : placed) { // in the order of their places
                if (other.life.overlaps(life)) {
                    if (other.begin - begin >= size) {
                        break;
                    }
                    begin = Math.max(begin, other.end);
                }
            }
            Placed here = new Placed(life, begin, begin + size);
            int index = 0;
            while (index < placed.size() && placed.get(index).begin <= begin) {
                index++;
            }
            placed.add(index, here);
            offsets.put(life.region, begin + this.guard);
            bytes = Math.max(bytes, here.end);
        }
    }

    /** A size up to a multiple of the alignment. */
    static long up(long size) {
        return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** The arena's size. */
    long bytes() {
        return bytes;
    }

    /** Each region's place. */
    Map<Region, Long> offsets() {
        return offsets;
    }

    /** The memory before and behind each region that nothing may touch, in bytes. */
    long guard() {
        return guard;
    }

    /** The regions' lives. */
    List<Life> lives() {
        return lives;
    }
}
