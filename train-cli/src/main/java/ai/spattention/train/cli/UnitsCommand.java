package ai.spattention.train.cli;

import picocli.CommandLine.Command;

/** The steps of {@code prepare} on a cluster, whose driver and workers call them. */
@Command(name = "units", hidden = true, mixinStandardHelpOptions = true, description = "The steps of 'prepare' on a cluster.",
        subcommands = {UnitsCutCommand.class, UnitsPrepareCommand.class, UnitsJoinCommand.class})
final class UnitsCommand {}
