package ai.spattention.train.cli;

import ai.djl.util.cuda.CudaUtils;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.cli.option.Launchable;
import ai.spattention.train.config.DeviceChoice;
import ai.spattention.train.config.DeviceRequest;
import ai.spattention.train.launch.LaunchSettings;
import ai.spattention.train.launch.LaunchSettings.Address;
import ai.spattention.train.launch.Supervisor;
import ai.spattention.train.machine.JavaCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** Starts the processes of a training run or a benchmark, one a GPU or several on processors, and watches them. */
@Command(name = "launch", mixinStandardHelpOptions = true, description = {
    "Train with several processes: one for each GPU, or on processors by MPICH. Options before 'train' are the launcher's.",
    "'bench train' and 'bench collectives' are launched likewise.",
    "All end when one fails; with --max-restarts they go on from the newest checkpoint. See docs/cluster.md."})
final class LaunchCommand implements Callable<Integer> {

    private static final Set<String> COMMANDS = Set.of("train", "bench");
    private static final Duration GRACE = Duration.ofSeconds(15);

    @Option(names = "--processes", required = true, paramLabel = "N", description = "Processes on this machine: at most one for each GPU.")
    private int processes;

    @Option(names = "--nodes", defaultValue = "1", paramLabel = "M", description = "Machines; start the same command on each (default: ${DEFAULT-VALUE}).")
    private int nodes;

    @Option(names = "--node-rank", defaultValue = "0", paramLabel = "R", description = "This machine's number, from 0 on (default: ${DEFAULT-VALUE}).")
    private int node;

    @Option(names = "--master", paramLabel = "HOST:PORT", description = "The machine of --node-rank 0, and a port there that is free, as is the one after it.")
    private String master;

    @Option(names = "--max-restarts", defaultValue = "0", paramLabel = "K", description = "How often a run that failed goes on from its newest checkpoint; bad input never does (default: ${DEFAULT-VALUE}).")
    private int maxRestarts;

    @Option(names = "--restart-processes", paramLabel = "P", description = "Processes a machine after a restart, if fewer (default: --processes).")
    private Integer restartProcesses;

    @Parameters(arity = "1..*", paramLabel = "train ARGUMENT", description = "The run, as 'spattn train' takes it.")
    private List<String> command;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        requireLauncher(System.getenv(), System.getProperty("os.name"));
        LaunchSettings settings = new LaunchSettings(processes, nodes, node, master == null ? null : Address.of(master), maxRestarts,
                restartProcesses == null ? processes : restartProcesses);
        if (!COMMANDS.contains(command.get(0))) {
            throw cannotBeLaunched(command.get(0));
        }
        ParseResult parsed = Main.line().parseArgs(command.toArray(String[]::new));
        while (parsed.hasSubcommand()) {
            parsed = parsed.subcommand();
        }
        PrintWriter err = spec.commandLine().getErr();
        if (parsed.isUsageHelpRequested()) {
            return Main.run(spec.commandLine().getOut(), err, command.toArray(String[]::new));
        }
        if (!(parsed.commandSpec().userObject() instanceof Launchable launched)) {
            throw cannotBeLaunched(String.join(" ", command.subList(0, Math.min(2, command.size()))));
        }
        Optional<Path> folder = launched.resumableFolder();
        if (maxRestarts > 0 && folder.isEmpty()) {
            throw new InvalidInputException("--max-restarts needs --output DIR among the arguments of 'train': a restart goes on in that folder");
        }
        requireDevices(launched.wantedDevice(), err);
        List<String> program = JavaCommand.of(Main.class);
        return new Supervisor(settings, with(program, command), () -> with(program, resumed(command, folder.orElseThrow())), err::println, GRACE)
                .run();
    }

    private static InvalidInputException cannotBeLaunched(String name) {
        return new InvalidInputException("'" + name + "' cannot be launched: only 'train', 'bench train' and 'bench collectives' run in several"
                + " processes");
    }

    /** A worker must not become a launcher, and what the processes talk by is not there everywhere. */
    static void requireLauncher(Map<String, String> environment, String system) {
        if (environment.containsKey("RANK")) {
            throw new InvalidInputException("RANK is set (" + environment.get("RANK") + "): this is a process of another launcher already;"
                    + " call 'spattn train' there, or 'spattn launch' without that launcher");
        }
        if (system.toLowerCase(Locale.ROOT).startsWith("windows")) {
            throw new InvalidInputException("several processes talk by NCCL or MPICH, which Windows lacks: use 'spattn train', or WSL");
        }
    }

    private void requireDevices(DeviceRequest wanted, PrintWriter err) {
        if (wanted.index() > 0) {
            throw new InvalidInputException("--device " + wanted + " names one GPU, and each process takes its own: use --device gpu, and"
                    + " CUDA_VISIBLE_DEVICES to choose among them");
        }
        int gpus = wanted.choice() == DeviceChoice.CPU ? 0 : CudaUtils.getGpuCount();
        if (wanted.resolve(gpus).isGpu()) {
            if (processes > gpus) {
                throw new InvalidInputException("--processes must be at most " + gpus + ", the number of GPUs here (got " + processes + ")");
            }
            return;
        }
        if (nodes > 1) {
            throw new InvalidInputException("on processors 'spattn launch' serves one machine (got --nodes " + nodes
                    + "): start several with mpiexec, mpirun or srun, for example mpiexec -n " + nodes * processes + " spattn train ...");
        }
        int processors = Runtime.getRuntime().availableProcessors();
        if (processes > processors) {
            err.println("warning: " + processes + " processes share " + processors + " processors: more than one for each is slower");
        }
    }

    /**
     * The command with which a run goes on. One that began with a model goes on with its own configuration, which names that model.
     *
     * @param command the command with which it began
     * @param output the run's folder
     * @return the command
     */
    static List<String> resumed(List<String> command, Path output) {
        if (command.contains("--resume")) {
            return command;
        }
        List<String> left = without(command, "--from");
        if (left.size() == command.size()) {
            return with(command, List.of("--resume"));
        }
        return Files.exists(output.resolve("config.yaml")) ? with(without(left, "--config"), List.of("--resume")) : command;
    }

    private static List<String> without(List<String> command, String option) {
        List<String> left = new ArrayList<>();
        for (int i = 0; i < command.size(); i++) {
            if (command.get(i).equals(option)) {
                i++; // and its value
            } else if (!command.get(i).startsWith(option + "=")) {
                left.add(command.get(i));
            }
        }
        return left;
    }

    private static List<String> with(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }
}
