package ai.spattention.train.cli.bench;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.bench.CollectivesBench;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.option.Launchable;
import ai.spattention.train.config.DeviceChoice;
import ai.spattention.train.config.DeviceRequest;
import ai.spattention.train.distributed.CollectiveBackend;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.WorkerIdentity;
import ai.spattention.train.distributed.Workers;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times what several processes compute together. */
@Command(name = "collectives", mixinStandardHelpOptions = true, description = {
    "Time all-reduce, reduce-scatter and all-gather of float32 arrays among several processes.",
    "Start it by 'spattn launch', by mpiexec (on processors), or by torchrun, srun or another launcher (on GPUs, each process on one of its "
        + "own). Rank 0 prints.",
    "Bus GB/s: 2 (n - 1) / n times bytes a second for all-reduce, (n - 1) / n for the others, of n processes; 1 GB is 1e9 bytes."})
final class BenchCollectivesCommand implements Callable<Integer>, Launchable {

    @Mixin
    private DeviceOption device;

    @Option(names = "--mib", defaultValue = "64", paramLabel = "N", description = "The largest array, MiB (default: ${DEFAULT-VALUE}).")
    private int mib;

    @Option(names = "--repetitions", defaultValue = "10", paramLabel = "R",
            description = "Operations in each of three measurements, of which the median counts (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--timeout", defaultValue = "300", paramLabel = "S",
            description = "Seconds to wait for other processes (default: ${DEFAULT-VALUE}).")
    private int timeout;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public DeviceRequest wantedDevice() {
        return device.request();
    }

    @Override
    public Optional<Path> resumableFolder() {
        return Optional.empty();
    }

    @Override
    public Integer call() {
        positive("--mib", mib);
        positive("--repetitions", repetitions);
        positive("--timeout", timeout);
        WorkerIdentity identity = WorkerIdentity.of(System.getenv());
        if (identity.size() == 1) {
            throw new InvalidInputException("nothing launched this process as one of several: start with 'mpiexec -n 2 ./spattn bench collectives"
                    + " --device cpu', or with torchrun or srun on GPUs");
        }
        Device own = device.ofProcess(identity, DeviceChoice.AUTO);
        PrintWriter err = spec.commandLine().getErr();
        Workers workers = new Workers(identity, CollectiveBackend.AUTO, Duration.ofSeconds(timeout), Path.of(""), line -> err.println("spattn: " + line),
                System.getenv());
        Map<String, String> settings = Map.of("--mib", Integer.toString(mib), "--repetitions", Integer.toString(repetitions));
        try (Collectives collectives = workers.meet(own, Versions.alike(), settings, "")) {
            List<CollectivesBench.Row> rows;
            try {
                rows = new CollectivesBench(collectives, own, mib, repetitions).run();
            } catch (RuntimeException | Error e) {
                collectives.abortAfter(e);
                throw e;
            }
            if (identity.rank() == 0) {
                print(identity, own, rows);
            }
        }
        return 0;
    }

    private static void positive(String option, int value) {
        if (value < 1) {
            throw new InvalidInputException(option + " must be at least 1 (got " + value + ")");
        }
    }

    private void print(WorkerIdentity identity, Device own, List<CollectivesBench.Row> rows) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode root = new ObjectMapper().createObjectNode();
            root.put("benchmark", "collectives").put("processes", identity.size()).put("device", own.toString()).put("repetitions", repetitions);
            ObjectNode versions = root.putObject("versions");
            Versions.all().forEach(versions::put);
            for (CollectivesBench.Row row : rows) {
                root.withArray("rows").addObject().put("operation", row.operation()).put("bytes", row.bytes())
                        .put("milliseconds", row.milliseconds()).put("bus_gb_per_second", row.busGigabytes());
            }
            out.println(root);
        } else {
            out.printf(Locale.ROOT, "%d processes on %s, float32%n%-15s %14s %12s %10s%n", identity.size(), own, "operation", "bytes", "ms",
                    "bus GB/s");
            rows.forEach(row -> out.printf(Locale.ROOT, "%-15s %14d %12.3f %10.2f%n", row.operation(), row.bytes(), row.milliseconds(),
                    row.busGigabytes()));
        }
        out.flush();
    }
}
