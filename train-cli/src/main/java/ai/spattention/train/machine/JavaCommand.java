package ai.spattention.train.machine;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Java as this process was started: the same machine, libraries and settings for another one. */
public final class JavaCommand {

    private JavaCommand() {}

    /**
     * The command that runs a class.
     *
     * @param main the class
     * @param options further options of the Java machine
     * @return the command, to which arguments are added
     */
    public static List<String> of(Class<?> main, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        return command;
    }
}
