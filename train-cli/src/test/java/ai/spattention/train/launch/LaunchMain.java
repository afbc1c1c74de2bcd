package ai.spattention.train.launch;

import ai.spattention.train.launch.LaunchSettings.Address;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** A launcher in a process of its own: processes, nodes, node, master or -, restarts, restart processes, then the command. */
final class LaunchMain {

    private LaunchMain() {}

    public static void main(String[] arguments) throws Exception {
        int[] numbers = Arrays.stream(arguments).limit(6).mapToInt(text -> text.matches("\\d+") ? Integer.parseInt(text) : 0).toArray();
        LaunchSettings settings = new LaunchSettings(numbers[0], numbers[1], numbers[2], arguments[3].equals("-") ? null : Address.of(arguments[3]),
                numbers[4], numbers[5]);
        List<String> command = Arrays.asList(arguments).subList(6, arguments.length);
        System.exit(new Supervisor(settings, command, () -> command, System.err::println, Duration.ofSeconds(2)).run());
    }
}
