package ai.spattention.train.cli.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The benchmarks. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measure speed and memory.",
        subcommands = {BenchAttentionCommand.class, BenchBlockCommand.class, BenchStepCommand.class, BenchPrepareCommand.class,
            BenchMemoryCommand.class})
public final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a benchmark is missing: choose attention, block, step, prepare or memory (see spattn bench --help)");
    }
}
