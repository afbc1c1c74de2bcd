package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.Hints;
import ai.spattention.train.info.ConfigReference;
import java.io.PrintWriter;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the keys of a run's configuration. */
@Command(name = "config", mixinStandardHelpOptions = true, description = "Tell the keys of a run's configuration: meaning, unit, default and range of each.")
final class ConfigCommand implements Runnable {

    @Parameters(arity = "0..1", paramLabel = "KEY", description = "One key or section, for example optimizer.peak_lr or schedule (default: all).")
    private String name;

    @ArgGroup
    private Form form = new Form();

    @Spec
    private CommandSpec spec;

    private static final class Form {

        @Option(names = "--json", description = "Print one JSON object.")
        private boolean json;

        @Option(names = "--markdown", description = "Print a page of Markdown, as docs/config.md is.")
        private boolean markdown;
    }

    @Override
    public void run() {
        ConfigReference all = ConfigReference.ofRun();
        ConfigReference chosen = name == null ? all : all.of(name);
        if (chosen.isEmpty()) {
            throw new InvalidInputException("unknown key '" + name + "': " + Hints.nearest(name, all.names())
                    .map(near -> "did you mean " + near + "? ").orElse("") + "'spattn config' lists all");
        }
        PrintWriter out = spec.commandLine().getOut();
        out.print(form.json ? chosen.toJson() + "\n" : form.markdown ? chosen.toMarkdown() : chosen.toText());
        out.flush();
    }
}
