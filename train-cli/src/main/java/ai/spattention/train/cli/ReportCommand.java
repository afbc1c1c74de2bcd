package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.report.RunReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Draws what runs left in their folders. */
@Command(name = "report", mixinStandardHelpOptions = true,
        description = "Write a page of HTML about a run, or one that compares several runs.")
final class ReportCommand implements Callable<Integer> {

    @Parameters(arity = "1..*", paramLabel = "DIR", description = "The folder of a run, finished or not.")
    private List<Path> folders;

    @Option(names = "--output", paramLabel = "FILE", description = "The page (default for one run: DIR/report.html).")
    private Path output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (output == null && folders.size() > 1) {
            throw new InvalidInputException("a report on " + folders.size()
                    + " runs belongs to none of their folders: name the page with --output FILE");
        }
        Path page = output == null ? folders.get(0).resolve(RunReport.FILE_NAME) : output;
        Outputs outputs = new Outputs();
        folders.forEach(folder -> outputs.readsRun("DIR", folder));
        outputs.writes("--output", page);
        RunReport.write(folders, page);
        Outputs.console(spec, page).println(page);
        return 0;
    }
}
