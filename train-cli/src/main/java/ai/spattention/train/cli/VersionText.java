package ai.spattention.train.cli;

import ai.spattention.train.machine.Versions;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: a line for each thing that this program is made of. */
final class VersionText implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return Versions.all().entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue()).toArray(String[]::new);
    }
}
