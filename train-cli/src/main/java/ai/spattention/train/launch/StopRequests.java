package ai.spattention.train.launch;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.jline.utils.Signals;

/** Has SIGINT, SIGTERM and SIGHUP told instead of obeyed, as often as they come, until it is closed. */
public final class StopRequests implements AutoCloseable {

    private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private final Map<String, Object> before = new TreeMap<>();

    private StopRequests() {}

    /**
     * Begins to watch.
     *
     * @param request gets the signal's number
     * @return to be closed
     */
    public static StopRequests watch(IntConsumer request) {
        StopRequests requests = new StopRequests();
        SIGNALS.forEach((name, number) -> requests.before.put(name, Signals.register(name, () -> request.accept(number))));
        return requests;
    }

    @Override
    public void close() {
        before.forEach(Signals::unregister);
    }
}
