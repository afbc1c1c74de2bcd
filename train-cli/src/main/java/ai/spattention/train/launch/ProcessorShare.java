package ai.spattention.train.launch;

import java.util.Map;

/** What of this machine's processors each of several processes may take: left alone, each would take all. */
public final class ProcessorShare {

    private static final String THREADS = "OMP_NUM_THREADS";

    private ProcessorShare() {}

    /**
     * The variable that says so.
     *
     * @param processes how many there are here
     * @return the variable for each of them; none where this process has it already
     */
    public static Map<String, String> of(int processes) {
        return System.getenv(THREADS) != null ? Map.of()
                : Map.of(THREADS, Integer.toString(Math.max(1, Runtime.getRuntime().availableProcessors() / processes)));
    }
}
