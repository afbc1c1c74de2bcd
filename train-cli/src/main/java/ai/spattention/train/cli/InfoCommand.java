package ai.spattention.train.cli;

import ai.spattention.train.info.FolderInfo;
import ai.spattention.train.info.InfoText;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells what a folder holds. */
@Command(name = "info", mixinStandardHelpOptions = true, description = {
    "Tell what a folder holds: a model, a run or prepared data.",
    "A model's operations a token are those at its longest sequence; a multiply-add counts as 2."})
final class InfoCommand implements Callable<Integer> {

    @Parameters(paramLabel = "DIR", description = "A model's, a run's or prepared data's folder.")
    private Path folder;

    @Option(names = "--verify", description = "Read prepared data whole and compare its digests with the manifest's.")
    private boolean verify;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        ObjectNode info = FolderInfo.of(folder, verify);
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? info + "\n" : InfoText.of(info));
        out.flush();
        return 0;
    }
}
