package ai.spattention.train.machine;

import ai.spattention.train.config.DeviceRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tells which libraries, devices, kernels and precisions work on this machine, and what to do about those that do not. */
public final class Doctor {

    private Doctor() {}

    /**
     * Looks at everything. Broken libraries of PyTorch are a finding: they do not harm this process.
     *
     * @param device the device that has to work
     * @return what was found
     * @throws IOException if no process can be started
     */
    public static List<Check> examine(DeviceRequest device) throws IOException {
        MachineChecks machine = new MachineChecks(device, settings(), Commands.SYSTEM,
                resource -> Doctor.class.getClassLoader().getResource(resource) != null);
        List<Check> checks = new ArrayList<>(machine.run());
        checks.addAll(new ProbeRunner(device).run(Probe.names()));
        return checks;
    }

    /** The environment, and what else tells DJL of PyTorch. */
    private static Map<String, String> settings() {
        Map<String, String> settings = new HashMap<>(System.getenv());
        for (String name : List.of("PYTORCH_LIBRARY_PATH", "PYTORCH_VERSION", "PYTORCH_FLAVOR")) {
            settings.computeIfAbsent(name, System::getProperty);
        }
        return settings;
    }
}
