package ai.spattention.train.cli;

import ai.spattention.train.info.PresetInfo;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists the presets. */
@Command(name = "presets", mixinStandardHelpOptions = true, description = "List the configurations that come with this program, for train --config: how large they are and what for.")
final class PresetsCommand implements Runnable {

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectMapper mapper = new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
            ObjectNode root = mapper.createObjectNode();
            PresetInfo.all().forEach(preset -> root.withArray("presets").add(mapper.valueToTree(preset)));
            out.println(root);
        } else {
            out.printf(Locale.ROOT, "%-30s %15s %15s %-11s %-9s %7s %14s %12s  %s%n", "preset", "parameters", "active", "pattern", "precision",
                    "length", "tokens a step", "steps", "for");
            for (PresetInfo preset : PresetInfo.all()) {
                out.printf(Locale.ROOT, "%-30s %,15d %,15d %-11s %-9s %,7d %,14d %,12d  %s%n", preset.name(), preset.totalParams(),
                        preset.activeParams(), preset.pattern(), preset.precision(), preset.sequenceLength(), preset.tokensPerStep(),
                        preset.steps(), preset.purpose());
            }
        }
        out.flush();
    }
}
