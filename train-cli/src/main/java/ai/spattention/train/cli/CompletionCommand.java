package ai.spattention.train.cli;

import java.io.PrintWriter;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes what makes a shell complete this program's commands and options. */
@Command(name = "completion", mixinStandardHelpOptions = true, description = {
    "Print a script that makes a shell complete commands and options.",
    "For the running shell: source <(spattn completion bash). For every new one put that line into ~/.bashrc, or with 'zsh' in place of "
        + "'bash' into ~/.zshrc."})
final class CompletionCommand implements Runnable {

    /** What zsh needs to read a script for bash. */
    private static final String FOR_ZSH = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n";

    /** The shells. */
    enum Shell {
        /** GNU Bash. */
        BASH,
        /** The Z shell. */
        ZSH
    }

    @Parameters(paramLabel = "bash|zsh", description = "The shell.")
    private Shell shell;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        String script = AutoComplete.bash(spec.root().name(), spec.root().commandLine());
        if (shell == Shell.ZSH) {
            out.print(FOR_ZSH);
        }
        out.print(script.replace("\r\n", "\n"));
        out.flush();
    }
}
