package ai.spattention.train.cli.bench;

import picocli.CommandLine.Command;

/** The benchmarks. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measure speed and memory.",
        subcommands = {BenchAttentionCommand.class, BenchBlockCommand.class, BenchStepCommand.class, BenchTrainCommand.class,
            BenchPrepareCommand.class, BenchMemoryCommand.class, BenchCollectivesCommand.class})
public final class BenchCommand {}
