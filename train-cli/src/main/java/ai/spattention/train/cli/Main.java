package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.cli.bench.BenchCommand;
import ai.spattention.train.cli.option.PathConverter;
import ai.spattention.train.launch.ParentWatch;
import ai.spattention.train.machine.Installation;
import ai.spattention.train.terminal.QuietStream;
import ai.spattention.train.terminal.StandardOutput;
import ai.spattention.train.terminal.Terminal;
import ai.spattention.train.terminal.VisibleStream;
import ai.spattention.train.terminal.VisibleWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The entry point. Exit codes: 0 done, 1 a run failed, 2 the input or the configuration has to be changed. Without a command it prints its
 * help to standard output and ends with 0, as cargo does; so does {@code bench}.
 */
@Command(name = "spattn", mixinStandardHelpOptions = true, versionProvider = VersionText.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Attention in which every head looks at its own band of distances, and language models built on it.",
        footer = {"", "'spattn help COMMAND' tells more about a command. Start with 'spattn quickstart'.",
            "Exit codes: 0 done, 1 a run failed, 2 the input or the configuration has to be changed."},
        subcommands = {QuickstartCommand.class, PrepareCommand.class, TrainCommand.class, LaunchCommand.class, StudyCommand.class,
            GenerateCommand.class, EvalCommand.class, ExportCommand.class, ForwardCommand.class, InfoCommand.class, ReportCommand.class,
            MaskCommand.class, BenchCommand.class, TasksCommand.class, PresetsCommand.class, ConfigCommand.class, DoctorCommand.class,
            GpuNativesCommand.class, CompletionCommand.class, VersionCommand.class, HelpCommand.class,
            StudyWorkerCommand.class, UnitsCommand.class})
public final class Main {

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces of failures.")
    private boolean debug;

    @Option(names = "--quiet", scope = ScopeType.INHERIT, description = "Only warnings, errors and results: no progress, no notes.")
    private boolean quiet;

    @Spec
    private CommandSpec spec;

    /** Standard output as it is, for text that a pipe gets unchanged. */
    private PrintWriter plainOut;

    /**
     * Runs a command and ends the process with its exit code.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        ParentWatch.start(System.getenv(ParentWatch.VARIABLE));
        Installation.find().ifPresent(Installation::useLibraries); // before any of them is loaded
        Locale.setDefault(Locale.ROOT); // numbers and names look the same everywhere
        System.setOut(VisibleStream.over(new FileOutputStream(FileDescriptor.out)));
        System.setErr(VisibleStream.over(new FileOutputStream(FileDescriptor.err)));
        StandardOutput standard = new StandardOutput();
        PrintWriter out = new PrintWriter(new OutputStreamWriter(standard, StandardCharsets.UTF_8), true);
        PrintWriter err = new PrintWriter(new OutputStreamWriter(new FileOutputStream(FileDescriptor.err), StandardCharsets.UTF_8), true);
        System.exit(runAsTyped(standard, out, err, arguments));
    }

    private static int runAsTyped(StandardOutput standard, PrintWriter out, PrintWriter err, String... arguments) {
        try {
            TypedArguments.check(arguments);
        } catch (InvalidInputException e) {
            err.println("spattn: " + Explanation.of(e));
            return CommandLine.ExitCode.USAGE;
        }
        String encoding = System.getProperty("sun.jnu.encoding");
        if (!"UTF-8".equals(encoding)) { // the launcher would have chosen another locale, had there been one
            err.println("warning: names of files are read as " + encoding + ", so that other letters are lost: set LC_ALL=C.UTF-8,"
                    + " or install a locale with UTF-8");
        }
        int code = run(out, err, arguments);
        out.flush();
        err.flush();
        if (code == CommandLine.ExitCode.OK && standard.lost().isPresent()) {
            err.println("spattn: results could not be written to standard output: " + Explanation.of(standard.lost().get()));
            return CommandLine.ExitCode.SOFTWARE;
        }
        return code;
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
        main.plainOut = out;
        PrintWriter visibleOut = new PrintWriter(new VisibleWriter(out), true);
        PrintWriter visibleErr = new PrintWriter(new VisibleWriter(err), true);
        CommandLine line = line(main).setOut(visibleOut).setErr(visibleErr);
        line.setExecutionStrategy(result -> {
            line.setOut(out); // help has colours of its own
            Integer help = help(result);
            line.setOut(visibleOut);
            if (help != null) {
                return help;
            }
            return main.quiet ? quietly(line, visibleErr, () -> new CommandLine.RunLast().execute(result))
                    : new CommandLine.RunLast().execute(result);
        });
        line.setParameterExceptionHandler((failure, args) -> report(failure, List.of(args).contains("--debug"), visibleErr));
        line.setExecutionExceptionHandler((failure, command, result) -> report(failure, main.debug, visibleErr));
        try {
            return line.execute(arguments);
        } catch (Error e) { // memory, libraries, nesting: they pass by picocli
            return report(e, main.debug, visibleErr);
        } finally {
            visibleOut.flush();
        }
    }

    /** What reads a command line. */
    static CommandLine line() {
        return line(new Main());
    }

    private static CommandLine line(Main main) {
        CommandLine line = new CommandLine(main);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(Path.class, new PathConverter());
        line.setExpandAtFiles(false); // a prompt may begin with @
        line.getSubcommands().get("launch").setStopAtPositional(true); // the rest is another command's
        everywhere(line, command -> command.getCommandSpec().versionProvider(new VersionText()));
        return line;
    }

    private static void everywhere(CommandLine command, Consumer<CommandLine> change) {
        change.accept(command);
        command.getSubcommands().values().forEach(below -> everywhere(below, change));
    }

    /** Prints the help or the versions that were asked for, or the help of what only has commands below it; null if a command is to run. */
    private static Integer help(ParseResult result) {
        Integer asked = CommandLine.executeHelpRequest(result);
        if (asked != null) {
            return asked;
        }
        List<CommandLine> named = result.asCommandLineList();
        CommandLine last = named.get(named.size() - 1);
        if (last.getSubcommands().isEmpty()) {
            return null;
        }
        last.usage(last.getOut());
        return CommandLine.ExitCode.OK;
    }

    /** Lets nothing but warnings through to standard error while a command runs. */
    private static int quietly(CommandLine line, PrintWriter err, IntSupplier command) {
        PrintStream before = System.err;
        try (QuietStream warnings = new QuietStream(err::println)) {
            System.setErr(warnings);
            line.setErr(new PrintWriter(new OutputStreamWriter(warnings, StandardCharsets.UTF_8), true));
            return command.getAsInt();
        } finally {
            line.setErr(err);
            System.setErr(before);
        }
    }

    private static int report(Throwable failure, boolean debug, PrintWriter err) {
        err.println("spattn: " + Explanation.of(failure));
        if (debug) {
            failure.printStackTrace(err);
        }
        return Explanation.isBadInput(failure) ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
    }

    /**
     * A writer for text that a terminal must not obey, but that a pipe or a file gets as it is.
     *
     * @return the writer
     */
    PrintWriter textOut() {
        return Terminal.OUTPUT.isThere() ? spec.commandLine().getOut() : plainOut;
    }

    /** Standard output as it is, for what has colours of its own. */
    PrintWriter plainOut() {
        return plainOut;
    }
}
