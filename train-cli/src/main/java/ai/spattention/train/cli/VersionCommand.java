package ai.spattention.train.cli;

import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tells the versions of this program and of what it is made of. */
@Command(name = "version", mixinStandardHelpOptions = true, description = "Print the versions of this program and of what it is made of, as --version does.")
final class VersionCommand implements Runnable {

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode versions = JsonNodeFactory.instance.objectNode();
            Versions.all().forEach(versions::put);
            out.println(versions);
        } else {
            for (String line : new VersionText().getVersion()) {
                out.println(line);
            }
        }
    }
}
