package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.plan.ArenaLayout.Life;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ArenaLayoutTest {

    private static final int STEPS = 12;

    @Provide
    Arbitrary<List<Life>> lives() {
        Arbitrary<Long> bytes = Arbitraries.oneOf(Arbitraries.longs().between(1, 5000), Arbitraries.of(512L, 1024L, 2048L));
        return Combinators.combine(bytes, Arbitraries.integers().between(0, STEPS - 1), Arbitraries.integers().between(0, STEPS - 1))
                .as((size, a, b) -> new Life(Region.ofArena("region of " + size, size), Math.min(a, b), Math.max(a, b)))
                .list().ofMaxSize(25);
    }

    private static long up(long bytes) {
        return (bytes + 511) / 512 * 512;
    }

    private static boolean together(Life a, Life b) {
        return a.first() <= b.last() && b.first() <= a.last();
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void regionsThatLiveTogetherLieApart(@ForAll("lives") List<Life> lives, @ForAll boolean guarded) {
        long guard = guarded ? 700 : 0;
        ArenaLayout layout = new ArenaLayout(lives, guard);
        assertEquals(lives.size(), layout.offsets().size());
        for (Life life : lives) {
            long begin = layout.offsets().get(life.region());
            long end = begin + life.region().bytes();
            assertEquals(0, begin % 512);
            assertTrue(begin >= guard && end + guard <= layout.bytes());
            for (Life other : lives) {
                long otherBegin = layout.offsets().get(other.region());
                long otherEnd = otherBegin + other.region().bytes();
                assertTrue(life.equals(other) || !together(life, other) || begin >= otherEnd + 2 * guard || otherBegin >= end + 2 * guard,
                        () -> life + " and " + other + " overlap");
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theArenaIsNoSmallerThanWhatLivesAtOnceAndNoLargerThanEverything(@ForAll("lives") List<Life> lives) {
        long bytes = new ArenaLayout(lives, 0).bytes();
        long most = LongStream.range(0, STEPS).map(step -> lives.stream().filter(life -> life.first() <= step && step <= life.last())
                .mapToLong(life -> up(life.region().bytes())).sum()).max().orElse(0);
        long all = lives.stream().mapToLong(life -> up(life.region().bytes())).sum();
        assertTrue(most <= bytes && bytes <= all, most + " <= " + bytes + " <= " + all);
    }

    @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
    void theSameLivesGetTheSamePlaces(@ForAll("lives") List<Life> lives) {
        assertEquals(new ArenaLayout(lives, 0).offsets(), new ArenaLayout(new ArrayList<>(lives), 0).offsets());
    }

    @Example
    void memoryIsUsedAgain() {
        Region large = Region.ofArena("large", 2000);
        Region early = Region.ofArena("early", 1000);
        Region late = Region.ofArena("late", 600);
        Region whole = Region.ofArena("whole", 100);
        ArenaLayout layout = new ArenaLayout(List.of(new Life(whole, -1, 5), new Life(late, 3, 4), new Life(early, 0, 2),
                new Life(large, 2, 2)), 0);
        assertEquals(0, layout.offsets().get(large));
        assertEquals(2048, layout.offsets().get(early), "lives at the large one's step");
        assertEquals(0, layout.offsets().get(late), "in the large one's place, which is free by then");
        assertEquals(3072, layout.offsets().get(whole));
        assertEquals(3584, layout.bytes());
    }

    @Example
    void theLowestGapThatHoldsARegionIsTaken() {
        // 0..1024 dies early, 1024..1536 stays: the gap holds what comes later
        Region first = Region.ofArena("first", 1024);
        Region stays = Region.ofArena("stays", 512);
        Region fits = Region.ofArena("fits", 500);
        ArenaLayout layout = new ArenaLayout(List.of(new Life(first, 0, 1), new Life(stays, 1, 3), new Life(fits, 2, 3)), 0);
        assertEquals(1024, layout.offsets().get(stays));
        assertEquals(0, layout.offsets().get(fits));
        assertEquals(1536, layout.bytes());
    }

    @Example
    void guardsLieBeforeAndBehind() {
        Region region = Region.ofArena("region", 100);
        ArenaLayout layout = new ArenaLayout(List.of(new Life(region, 0, 0)), 512);
        assertEquals(512, layout.offsets().get(region));
        assertEquals(3 * 512, layout.bytes());
        assertEquals(0, new ArenaLayout(List.of(), 512).bytes());
    }
}
