package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.plan.ArenaLayout.Life;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The watch over an arena in the host's memory. */
class ArenaWatchTest {

    private static final int ADDRESS = 10_000;

    private final Region kept = Region.ofArena("kept", 1000);
    private final Region early = Region.ofArena("early", 512);
    private final Region late = Region.ofArena("late", 300);
    private final ArenaLayout layout = new ArenaLayout(List.of(new Life(kept, -1, 3), new Life(early, 0, 1), new Life(late, 1, 2)),
            ArenaWatch.GUARD);
    private final byte[] bytes = new byte[(int) layout.bytes()];
    private final ArenaWatch watch = new ArenaWatch(layout, ADDRESS);
    private final ArenaWatch.Memory memory = new ArenaWatch.Memory() {
        @Override
        public void fill(long address, byte value, long count) {
            int from = (int) address - ADDRESS;
            Arrays.fill(bytes, from, from + (int) count, value);
        }

        @Override
        public byte[] read(long address, int count) {
            int from = (int) address - ADDRESS;
            return Arrays.copyOfRange(bytes, from, from + count);
        }
    };

    @BeforeEach
    void write() {
        fill(kept, 7);
    }

    private int at(Region region) {
        return layout.offsets().get(region).intValue();
    }

    private void fill(Region region, int value) {
        Arrays.fill(bytes, at(region), at(region) + (int) region.bytes(), (byte) value);
    }

    private byte[] read(Region region) {
        return Arrays.copyOfRange(bytes, at(region), at(region) + (int) region.bytes());
    }

    private static byte[] all(Region region, int value) {
        byte[] all = new byte[(int) region.bytes()];
        Arrays.fill(all, (byte) value);
        return all;
    }

    private void run(int step, Runnable work) {
        watch.before(step, memory);
        work.run();
        watch.after(step, "step", memory);
    }

    @Test
    void whatAStepReadsTooEarlyOrTooLateIsNoNumber() {
        for (int pass = 0; pass < 2; pass++) {
            run(0, () -> {
                assertEquals(Arrays.toString(all(early, -1)), Arrays.toString(read(early)));
                fill(early, 1);
            });
            run(1, () -> {
                assertEquals(Arrays.toString(all(late, -1)), Arrays.toString(read(late)));
                assertEquals(Arrays.toString(all(early, 1)), Arrays.toString(read(early)));
                fill(late, 2);
            });
            assertEquals(Arrays.toString(all(early, -1)), Arrays.toString(read(early)));
            run(2, () -> assertEquals(Arrays.toString(all(late, 2)), Arrays.toString(read(late))));
            assertEquals(Arrays.toString(all(late, -1)), Arrays.toString(read(late)));
            assertEquals(Arrays.toString(all(kept, 7)), Arrays.toString(read(kept)), "what is kept is left alone");
        }
    }

    @Test
    void aWriteBehindOrBeforeARegionIsFoundAfterItsStep() {
        // kept 512..1512 and late's and early's after it
        assertEquals(512, at(kept));
        assertEquals(512 + 1024 + 1024, at(early));
        assertEquals(2560 + 512 + 1024, at(late));
        run(0, () -> {});
        assertEquals("step 1 (step) wrote outside its arrays: at byte 3072 of the arena, 0 bytes behind 'early' and 1024 bytes before 'late'",
                failure(1, 3072));
        assertEquals("step 1 (step) wrote outside its arrays: at byte 4095 of the arena, 1023 bytes behind 'early' and 1 bytes before 'late'",
                failure(1, 4095));
        assertEquals("step 0 (step) wrote outside its arrays: at byte 0 of the arena, behind nothing and 512 bytes before 'kept'",
                failure(0, 0));
        assertEquals("step 2 (step) wrote outside its arrays: at byte 1512 of the arena, 0 bytes behind 'kept' and 2584 bytes before 'late'",
                failure(2, 1512));
        assertEquals("step 2 (step) wrote outside its arrays: at byte 4396 of the arena, 0 bytes behind 'late' and before nothing",
                failure(2, 4396));
    }

    /** What is said of a step that writes one byte. */
    private String failure(int step, int at) {
        String said = assertThrows(IllegalStateException.class, () -> run(step, () -> bytes[at] = 0)).getMessage();
        bytes[at] = (byte) 0xFF;
        return said;
    }
}
