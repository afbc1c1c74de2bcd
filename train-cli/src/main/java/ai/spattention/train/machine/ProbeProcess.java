package ai.spattention.train.machine;

import ai.spattention.train.config.DeviceRequest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.Optional;

/**
 * The process in which probes run, so that libraries that end it take nothing else along. Standard output carries a line
 * before each probe and one with what was found; other lines are libtorch's.
 */
public final class ProbeProcess {

    static final String BEGIN = "@begin ";
    static final String FOUND = "@found ";

    private ProbeProcess() {}

    /**
     * Runs probes.
     *
     * @param arguments the device that was asked for, then the names of probes
     * @throws JsonProcessingException never
     */
    public static void main(String[] arguments) throws JsonProcessingException {
        Installation.find().ifPresent(Installation::useLibraries);
        Probe probe = new Probe(DeviceRequest.of(arguments[0]));
        for (String name : Arrays.asList(arguments).subList(1, arguments.length)) {
            say(BEGIN + name);
            say(FOUND + new ObjectMapper().writeValueAsString(run(probe, name)));
        }
        Runtime.getRuntime().halt(0); // libtorch's own tidying up has nothing to tell
    }

    private static Check run(Probe probe, String name) {
        try {
            return probe.run(name);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            return explain(name, e);
        }
    }

    /** What a failed probe means. */
    static Check explain(String name, Throwable failure) {
        Optional<NativesError> natives = NativesError.of(failure);
        if (natives.isPresent()) {
            return Check.failed(name, natives.get().what(), natives.get().remedy(), true);
        }
        String message = String.valueOf(failure.getMessage()).strip().lines().findFirst().orElse("");
        return Check.failed(name, failure.getClass().getSimpleName() + ": " + message, "", true);
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
