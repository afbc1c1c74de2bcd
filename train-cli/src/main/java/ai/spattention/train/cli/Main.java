package ai.spattention.train.cli;

import ai.spattention.InvalidInputException;
import ai.spattention.train.gpu.GpuMemoryError;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.natives.NativesError;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The entry point. Exit codes: 0 done, 1 a run failed, 2 the input or the configuration has to be changed. */
@Command(name = "spattn", mixinStandardHelpOptions = true, versionProvider = Versions.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Attention in which every head looks at its own band of distances, and language models built on it.",
        footer = {"", "'spattn COMMAND --help' tells more about a command. Start with 'spattn quickstart'."},
        subcommands = {QuickstartCommand.class, PrepareCommand.class, TrainCommand.class, GenerateCommand.class, EvalCommand.class,
            ForwardCommand.class, InfoCommand.class, ReportCommand.class, MaskCommand.class, BenchCommand.class, DoctorCommand.class,
            GpuNativesCommand.class})
public final class Main implements Runnable {

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces of failures.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    /**
     * Runs a command and ends the process with its exit code.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments));
    }

    /**
     * Runs a command.
     *
     * @param out gets results
     * @param err gets messages
     * @param arguments the command line
     * @return the exit code
     */
    public static int run(PrintWriter out, PrintWriter err, String... arguments) {
        Main main = new Main();
        CommandLine line = new CommandLine(main).setOut(out).setErr(err);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((failure, args) -> {
            err.println("spattn: " + explain(failure));
            return report(failure, List.of(args).contains("--debug"), err, CommandLine.ExitCode.USAGE);
        });
        line.setExecutionExceptionHandler((failure, command, result) -> {
            err.println("spattn: " + explain(failure));
            boolean badInput = failure instanceof InvalidInputException || failure instanceof ParameterException;
            return report(failure, main.debug, err,
                    badInput ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE);
        });
        try {
            return line.execute(arguments);
        } catch (OutOfMemoryError e) {
            err.println("spattn: Java's memory is used up (" + e.getMessage()
                    + "): give it more with SPATTN_JAVA_OPTS=-Xmx4g, or lower the batch");
            return CommandLine.ExitCode.SOFTWARE;
        } catch (LinkageError e) { // PyTorch's libraries, when they are first used
            err.println("spattn: " + explain(e));
            return report(e, main.debug, err, CommandLine.ExitCode.SOFTWARE);
        }
    }

    private static int report(Throwable failure, boolean debug, PrintWriter err, int code) {
        if (debug) {
            failure.printStackTrace(err);
        }
        return code;
    }

    /** One line for a person. */
    private static String explain(Throwable failure) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            String first = unmatched.getUnmatched().isEmpty() ? "" : unmatched.getUnmatched().get(0);
            boolean command = unmatched.getCommandLine().getParent() == null && !first.startsWith("-");
            List<String> suggestions = unmatched.getSuggestions();
            return (command ? "unknown command '" : "unknown argument '") + first + "'"
                    + (suggestions.isEmpty() ? "" : ": did you mean " + String.join(" or ", suggestions) + "?")
                    + " (see " + unmatched.getCommandLine().getCommandSpec().qualifiedName() + " --help)";
        }
        String message = engineFailure(failure).orElse(failure.getMessage());
        if (failure instanceof FileSystemException file) {
            message = file.getClass().getSimpleName().replace("Exception", "") + ": " + message;
        }
        if (message == null || message.isBlank()) {
            message = failure.getClass().getSimpleName() + " (run again with --debug for the place)";
        }
        return message.replaceFirst("^Error: ", "").strip().lines().findFirst().orElse("");
    }

    /** What the engine says is long and about its insides; those that explain themselves already are left alone. */
    private static Optional<String> engineFailure(Throwable failure) {
        if (failure instanceof InvalidInputException || failure instanceof TrainingFailedException) {
            return Optional.empty();
        }
        return GpuMemoryError.of(failure).map(GpuMemoryError::text).or(() -> NativesError.of(failure).map(NativesError::text));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing (see spattn --help)");
    }
}
