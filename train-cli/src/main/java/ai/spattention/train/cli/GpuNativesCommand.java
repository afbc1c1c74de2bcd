package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.machine.DjlDownload;
import ai.spattention.train.machine.GpuKit;
import ai.spattention.train.machine.MavenSource;
import ai.spattention.train.machine.NativesFolder;
import ai.spattention.train.machine.NativesInstaller;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Gets PyTorch's libraries for CUDA. */
@Command(name = "gpu-natives", mixinStandardHelpOptions = true, description = {
    "Get PyTorch's libraries for an NVIDIA GPU; afterwards every command finds them.",
    "From Maven: PyTorch 2.5.1 for CUDA 12.4, 2.5 GB to fetch, 4.1 GB in place, 9 GB free meanwhile.",
    "From DJL's own server (--from djl): PyTorch 2.7.1 for CUDA 12.8, into DJL's cache."})
final class GpuNativesCommand implements Callable<Integer> {

    /** Where the libraries come from. */
    enum Source {
        /** Through the user's Maven. */
        MAVEN,
        /** DJL's own download. */
        DJL
    }

    @Option(names = "--from", paramLabel = "maven|djl", defaultValue = "maven",
            description = "Where from (default: ${DEFAULT-VALUE}).")
    private Source source;

    @Option(names = "--output", paramLabel = "DIR",
            description = "The libraries' folder (default: .natives/cu124 beside the launcher, which looks"
            + " there; another one has to be named in PYTORCH_LIBRARY_PATH).")
    private Path output;

    @Option(names = "--offline", description = "Use Maven's local repository only.")
    private boolean offline;

    @Option(names = "--mvn", paramLabel = "FILE", description = "Maven's command (default: mvn, or mvnw beside the launcher where there is none).")
    private String maven;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        GpuKit.requireSystem(System.getProperty("os.name"), System.getProperty("os.arch"));
        PrintWriter err = spec.commandLine().getErr();
        NativesFolder folder = source == Source.DJL ? fromDjl(err) : fromMaven(err);
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%s: %.1f GB%s%n", folder.path(), folder.bytes() / 1e9,
                folder.version().map(version -> ", PyTorch " + version.pytorch() + " " + version.flavor()).orElse(""));
        err.println("'spattn doctor --device gpu' tells whether they work here"
                + (output == null ? "" : "; commands find them with PYTORCH_LIBRARY_PATH=" + folder.path()));
        return 0;
    }

    private NativesFolder fromMaven(PrintWriter err) throws IOException {
        Path home = home();
        Path folder = output == null ? home.resolve(".natives").resolve(GpuKit.CU124.flavor()) : output;
        String command = maven == null ? MavenSource.command(home) : maven;
        return new NativesInstaller(new MavenSource(command, home.resolve("pom.xml"), offline), NativesInstaller.BYTES_NEEDED,
                err::println).install(GpuKit.CU124, folder);
    }

    private NativesFolder fromDjl(PrintWriter err) throws IOException {
        if (output != null || offline) {
            throw new InvalidInputException("--output and --offline do not go with --from djl: DJL downloads into its own cache"
                    + " (DJL_CACHE_DIR)");
        }
        err.println("DJL downloads PyTorch " + DjlDownload.VERSION + " " + DjlDownload.FLAVOR + " (about 3 GB)");
        return DjlDownload.run();
    }

    private static Path home() {
        String home = System.getProperty("spattention.home", "");
        if (!Files.isRegularFile(Path.of(home, "pom.xml"))) {
            throw new InvalidInputException("the project's pom.xml is not in '" + home + "': start this command with ./spattn");
        }
        return Path.of(home);
    }
}
