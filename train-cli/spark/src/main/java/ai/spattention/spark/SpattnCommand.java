package ai.spattention.spark;

import java.io.File;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How a worker starts {@code spattn}.
 *
 * @param place the launcher, a folder that holds it (the unpacked distribution), a jar, or a class path; on every worker the same
 */
record SpattnCommand(String place) implements Serializable {

    private static final String LAUNCHER = "spattn";
    private static final String MAIN = "ai.spattention.train.cli.Main";

    /**
     * The command line of a child on this machine.
     *
     * @param arguments what follows {@code spattn}
     * @return the program and its arguments
     * @throws RefusedException if there is nothing in that place here
     */
    List<String> with(List<String> arguments) {
        List<String> command = new ArrayList<>(program());
        command.addAll(arguments);
        return command;
    }

    private List<String> program() {
        if (place.contains(File.pathSeparator)) {
            return java("-cp", place, MAIN);
        }
        Path path = Path.of(place);
        if (Files.isDirectory(path) && Files.exists(path.resolve(LAUNCHER))) {
            return List.of(path.resolve(LAUNCHER).toString());
        }
        if (!Files.exists(path)) {
            throw new RefusedException("--spattn " + place + " is not there on this machine: name the folder of the distribution, which"
                    + " has to lie in the same place on every worker");
        }
        return Files.isDirectory(path) ? java("-cp", place, MAIN) : place.endsWith(".jar") ? java("-jar", place) : List.of(place);
    }

    private static List<String> java(String... how) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                "-Xmx2g", "-Djava.awt.headless=true", "-Dai.djl.offline=true", "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--enable-native-access=ALL-UNNAMED", "-Dfile.encoding=UTF-8"));
        command.addAll(List.of(how));
        return command;
    }
}
