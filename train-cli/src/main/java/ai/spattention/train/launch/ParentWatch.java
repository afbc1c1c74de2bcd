package ai.spattention.train.launch;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * Ends a process whose launcher is gone, however that ended: its standard input is a pipe that the launcher holds open and never writes to, and
 * a system closes the pipes of whoever is gone. {@code spattn launch} starts its processes so, and so do the tasks of Spark.
 */
public final class ParentWatch {

    /** The variable by which a launcher says that it is to be watched. */
    public static final String VARIABLE = "SPATTN_PARENT_WATCH";

    /** A value: end in order, with a last checkpoint. */
    public static final String BY_INPUT = "stdin";

    /** A value: end at once, for a launcher that starts another process in the place of this one. */
    public static final String BY_INPUT_AT_ONCE = "stdin-halt";

    private static final Duration GRACE = Duration.ofMinutes(1);

    private ParentWatch() {}

    /**
     * Watches from now on, where the launcher asked for it.
     *
     * @param asked the value of {@link #VARIABLE}, or null
     */
    public static void start(String asked) {
        if (BY_INPUT.equals(asked)) {
            daemon(() -> {
                awaitEnd(System.in);
                leave();
            });
        } else if (BY_INPUT_AT_ONCE.equals(asked)) {
            daemon(() -> {
                awaitEnd(System.in);
                Runtime.getRuntime().halt(1);
            });
        }
    }

    private static void awaitEnd(InputStream input) {
        try {
            while (input.read() >= 0) {
                // nothing is written
            }
        } catch (IOException e) {
            // gone as well
        }
    }

    /** Ends this process in order, and after a minute at once: its launcher is gone. */
    public static void leave() {
        System.err.println("spattn: the launcher is gone: this process ends, too");
        daemon(ParentWatch::haltInTime);
        System.exit(1); // a run writes its checkpoint, if the others are there for it
    }

    private static void haltInTime() {
        try {
            Thread.sleep(GRACE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(1);
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "parent watch");
        thread.setDaemon(true);
        thread.start();
    }
}
