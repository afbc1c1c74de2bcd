package ai.spattention.train.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private final Screen screen = new Screen();

    @Test
    void plainLinesComeAtIntervals() {
        AtomicLong seconds = new AtomicLong(100);
        try (LineProgress progress = new LineProgress(screen.stream(), 0, 100, Duration.ofSeconds(15),
                () -> seconds.get() * 1_000_000_000)) {
            for (int step = 1; step <= 100; step++) {
                seconds.addAndGet(4);
                progress.step(step, 6 - 0.01 * step, 1234.5);
                if (step == 2) {
                    progress.note("validation loss 5.2");
                }
            }
        }
        List<String> lines = screen.lines();
        assertEquals("step 1 of 100 (1%)  loss 5.990  1.23k tokens/s  0:06:36 left", lines.get(0));
        assertEquals("validation loss 5.2", lines.get(1));
        assertEquals("step 5 of 100 (5%)  loss 5.950  1.23k tokens/s  0:06:20 left", lines.get(2));
        assertEquals("step 9 of 100 (9%)  loss 5.910  1.23k tokens/s  0:06:04 left", lines.get(3));
        assertEquals("step 100 of 100 (100%)  loss 5.000  1.23k tokens/s  0:00:00 left", lines.get(lines.size() - 2));
        assertEquals(1 + 1 + 24 + 1 + 1, lines.size());
    }

    @Test
    void aResumedRunsTimeLeftCountsItsOwnSteps() {
        AtomicLong seconds = new AtomicLong();
        LineProgress progress = new LineProgress(screen.stream(), 90, 100, Duration.ofSeconds(15),
                () -> seconds.get() * 1_000_000_000);
        seconds.set(10);
        progress.step(91, 1, 1);
        assertEquals("step 91 of 100 (91%)  loss 1.000  1 tokens/s  0:01:30 left", screen.lines().get(0));
    }

    @Test
    void theBarStaysBelowEverythingElse() {
        PrintStream out = screen.stream();
        try (BarProgress bar = new BarProgress(new StatusLine(screen.stream()), () -> 100, "tiny", 0, 4,
                Duration.ofMillis(10))) {
            bar.step(1, 5.25, 12_345);
            bar.note("saved a checkpoint");
            bar.step(2, 4.5, 12_345);
            bar.print(out, "two\nlines");
            waitFor("50%");
            bar.step(4, 4.125, 1_250_000);
        }
        List<String> lines = screen.lines();
        assertEquals(List.of("saved a checkpoint", "two", "lines"), lines.subList(0, 3));
        assertTrue(lines.get(3).startsWith("tiny 100%"), lines.toString());
        assertTrue(lines.get(3).contains("4/4") && lines.get(3).contains("loss 4.125  1.25M tokens/s"), lines.toString());
        assertTrue(lines.get(3).length() < 100);
        assertEquals(5, lines.size());
        assertEquals("", lines.get(4));
    }

    @Test
    void aNarrowTerminalGetsAShorterBar() {
        try (BarProgress bar = new BarProgress(new StatusLine(screen.stream()), () -> 40, "tiny", 0, 4,
                Duration.ofMillis(10))) {
            bar.step(4, 4.125, 1_250_000);
        }
        assertTrue(screen.lines().get(0).length() <= 39, screen.lines().toString());
    }

    /** Whatever is written around it, whole or in pieces, stands on the screen as if there were no line at the bottom. */
    @Property(tries = 300)
    void theStatusLineGarblesNothing(@ForAll("writes") List<String> writes) {
        Screen own = new Screen();
        Screen plain = new Screen();
        StatusLine line = new StatusLine(own.stream());
        PrintStream stream = line.stream();
        List<String> shown = new ArrayList<>();
        for (String write : writes) {
            if (write.startsWith("show ")) {
                line.show(write);
                shown.add(write);
            } else {
                stream.print(write);
                plain.stream().print(write);
            }
        }
        List<String> expected = new ArrayList<>(plain.lines());
        boolean lineEnded = expected.get(expected.size() - 1).isEmpty();
        if (!shown.isEmpty() && lineEnded) {
            expected.set(expected.size() - 1, shown.get(shown.size() - 1));
        }
        assertEquals(expected, own.lines());
        line.end();
        if (!shown.isEmpty() && lineEnded) {
            expected.add("");
        }
        assertEquals(expected, own.lines());
    }

    @Provide
    Arbitrary<List<String>> writes() {
        return Arbitraries.of("show a", "show longer", "x", "word", "\n", "log line\n", "two\nlines\n", "").list()
                .ofMaxSize(20);
    }

    @Test
    void standardErrorIsAsBeforeAfterwards() {
        PrintStream before = System.err;
        TrainingProgress progress = ConsoleProgress.start("run", 0, 10);
        progress.close();
        assertSame(before, System.err);
    }

    @Test
    void dataHaveASpeedAndATimeLeft() {
        AtomicLong seconds = new AtomicLong(100);
        try (DataProgress progress = new DataProgress.Lines(screen.stream(), "prepare", 50_000_000, 150_000_000,
                Duration.ofSeconds(15), () -> seconds.get() * 1_000_000_000)) {
            for (int i = 1; i <= 10; i++) {
                seconds.addAndGet(10);
                progress.update(50_000_000 + i * 10_000_000L, i * 30_000_000L);
            }
        }
        assertEquals(List.of("prepare: 60.0 of 150.0 MB (40%)  3.00 MB/s  0:01:30 left",
                "prepare: 80.0 of 150.0 MB (53%)  3.00 MB/s  0:01:10 left",
                "prepare: 100.0 of 150.0 MB (66%)  3.00 MB/s  0:00:50 left",
                "prepare: 120.0 of 150.0 MB (80%)  3.00 MB/s  0:00:30 left",
                "prepare: 140.0 of 150.0 MB (93%)  3.00 MB/s  0:00:10 left",
                "prepare: 150.0 of 150.0 MB (100%)  3.00 MB/s  0:00:00 left", ""), screen.lines());
    }

    @Test
    void theBarOfDataShowsMegabytesAndSpeed() {
        AtomicLong seconds = new AtomicLong();
        try (DataProgress progress = new DataProgress.Bar(new StatusLine(screen.stream()), () -> 100, "prepare", 0, 40_000_000,
                () -> seconds.get() * 1_000_000_000)) {
            seconds.set(8);
            progress.update(40_000_000, 20_000_000);
        }
        String line = screen.lines().get(0);
        assertTrue(line.startsWith("prepare 100%") && line.contains("40/40 MB") && line.contains("2.50 MB/s"), line);
    }

    @Test
    void figuresAreShort() {
        assertEquals(List.of("0", "999", "1.23k", "12.3k", "123k", "1.23M", "12.35M"),
                List.of(Figures.compact(0), Figures.compact(999), Figures.compact(1234), Figures.compact(12_345),
                        Figures.compact(123_456), Figures.compact(1_234_567), Figures.compact(12_345_678)));
        assertEquals("27:46:40", Figures.clock(Duration.ofSeconds(100_000)));
        assertFalse(Figures.of(Double.NaN, 1).isEmpty());
    }

    private void waitFor(String text) {
        long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (screen.lines().stream().noneMatch(line -> line.contains(text))) {
            assertTrue(System.nanoTime() < end, () -> "never shown: " + text + " in " + screen.lines());
            Thread.onSpinWait();
        }
    }
}
