package ai.spattention.train.cli;

import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.machine.Check;
import ai.spattention.train.machine.Doctor;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tells what works on this machine. */
@Command(name = "doctor", mixinStandardHelpOptions = true, description = {
    "Tell which libraries, devices, kernels and precisions work on this machine, and what to do about those that do not.",
    "Exit code 0 if everything works that the device needs, else 1."})
final class DoctorCommand implements Callable<Integer> {

    @Mixin
    private DeviceOption device;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<Check> checks = Doctor.examine(device.request());
        boolean fine = checks.stream().allMatch(Check::isFine);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(toJson(checks, fine));
            return fine ? 0 : 1;
        }
        for (Check check : checks) {
            out.printf(Locale.ROOT, "%-8s  %-26s %s%n", check.status(), check.name(), check.detail());
            if (!check.remedy().isEmpty()) {
                out.printf(Locale.ROOT, "%37s-> %s%n", "", check.remedy());
            }
        }
        out.println(fine ? "everything that --device " + device.request() + " needs works"
                : "--device " + device.request() + " does not work here: see the lines with -> above");
        return fine ? 0 : 1;
    }

    private String toJson(List<Check> checks, boolean fine) {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = mapper.createObjectNode().put("device", device.request().toString()).put("works", fine);
        Versions.all().forEach(root.putObject("versions")::put);
        checks.forEach(check -> root.withArray("checks").add(mapper.valueToTree(check)));
        return root.toString();
    }
}
