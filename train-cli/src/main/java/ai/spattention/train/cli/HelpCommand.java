package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.Hints;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Prints what {@code --help} prints. */
@Command(name = "help", mixinStandardHelpOptions = true, description = "Tell about this program, or about a command, as COMMAND --help does.")
final class HelpCommand implements Runnable {

    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command, for example 'train' or 'bench attention'.")
    private List<String> names = List.of();

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        CommandLine about = spec.parent().commandLine();
        for (String name : names) {
            CommandLine next = about.getSubcommands().get(name);
            if (next == null) {
                List<String> known = about.getSubcommands().entrySet().stream()
                        .filter(below -> !below.getValue().getCommandSpec().usageMessage().hidden()).map(Map.Entry::getKey).toList();
                String hint = Hints.nearest(name, known).map(near -> "did you mean " + near + "? ").orElse("");
                throw new InvalidInputException("unknown command '" + name + "': " + (known.isEmpty()
                        ? about.getCommandSpec().qualifiedName() + " has no commands below it"
                        : hint + "choose one of " + String.join(", ", known)));
            }
            about = next;
        }
        about.usage(main.plainOut());
    }
}
