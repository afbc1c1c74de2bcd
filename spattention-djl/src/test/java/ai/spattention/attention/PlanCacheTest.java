package ai.spattention.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PlanCacheTest {

    private static final int KEPT = 32;

    private final AtomicInteger built = new AtomicInteger();
    private final AtomicInteger released = new AtomicInteger();

    /** Knows whether it was released. */
    private static final class Plan {

        private final int key;
        private volatile boolean released;

        Plan(int key) {
            this.key = key;
        }
    }

    private final PlanCache<Integer, Plan> cache = new PlanCache<>(key -> {
        built.incrementAndGet();
        return new Plan(key);
    }, plan -> {
        assertFalse(plan.released, "twice");
        plan.released = true;
        released.incrementAndGet();
    });

    @Test
    void keepsThoseUsedLast() {
        Plan first = cache.use(0, plan -> plan);
        for (int key = 1; key < KEPT; key++) {
            cache.use(key, plan -> plan);
        }
        assertSame(first, cache.use(0, plan -> plan));
        cache.use(KEPT, plan -> plan);
        assertSame(first, cache.use(0, plan -> plan), "1 was the one used longest ago");
        assertEquals(KEPT + 1, built.get());
        assertEquals(1, released.get());
    }

    @Test
    void aPlanInUseIsReleasedWhenTheUseEnds() {
        Plan used = cache.use(-1, plan -> {
            for (int key = 0; key < 3 * KEPT; key++) {
                cache.use(key, other -> other);
            }
            assertFalse(plan.released);
            assertEquals(2 * KEPT, released.get());
            return plan;
        });
        assertTrue(used.released);
        assertEquals(2 * KEPT + 1, released.get());
        Plan failed = cache.use(-2, plan -> plan);
        assertThrows(IllegalStateException.class, () -> cache.use(-2, plan -> {
            throw new IllegalStateException();
        }));
        for (int key = 0; key < KEPT; key++) {
            cache.use(key, plan -> plan);
        }
        assertTrue(failed.released, "a use that failed has ended");
    }

    /** Eight threads, twice as many kinds of calls as are kept: no plan is released under a thread, none is forgotten. */
    @Test
    void noThreadsPlanIsReleasedUnderIt() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<?>> work = new ArrayList<>();
            for (int seed = 0; seed < 8; seed++) {
                Random random = new Random(seed);
                work.add(threads.submit(() -> {
                    for (int i = 0; i < 4_000; i++) {
                        int key = random.nextInt(2 * KEPT);
                        cache.use(key, plan -> {
                            for (int look = 0; look < 20; look++) {
                                assertFalse(plan.released, "released while in use");
                                Thread.onSpinWait();
                            }
                            assertEquals(key, plan.key);
                            if (random.nextInt(16) == 0) {
                                Thread.yield();
                            }
                            assertFalse(plan.released, "released while in use");
                            return null;
                        });
                    }
                }));
            }
            for (Future<?> each : work) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertTrue(built.get() > 8 * KEPT, "the cache was too large for this test");
        assertEquals(KEPT, built.get() - released.get());
    }
}
