package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** What docs/cluster.md gives to copy is what the shell, YAML and this program read. */
class ClusterDocumentTest {

    private static final Pattern BLOCK = Pattern.compile("```(\\w+)\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern COMMAND = Pattern.compile("(?:\\./spattn|--spattn /opt/spattention --processes 4 --max-restarts 3) ([^'\\n]*)");

    private static List<String> blocks(String language) throws IOException {
        return BLOCK.matcher(Files.readString(Path.of("..", "docs", "cluster.md"))).results()
                .filter(block -> block.group(1).equals(language)).map(block -> block.group(2)).toList();
    }

    @Test
    void commandsAreThoseOfThisProgram() throws IOException {
        int launches = 0;
        int trains = 0;
        for (String block : blocks("bash")) {
            Matcher command = COMMAND.matcher(block);
            while (command.find()) {
                String text = command.group(1).replaceAll("\"?\\$\\w+(:\\d+)?\"?", "1$1");
                if (parse(text.split(" ")).equals("launch")) {
                    launches++;
                } else {
                    trains++;
                }
            }
        }
        assertEquals(8, launches);
        assertEquals(7, trains);
    }

    @Test
    void theShellReadsTheScripts() throws Exception {
        Assumptions.assumeTrue(Files.exists(Path.of("/bin/bash")), "there is no bash");
        for (String block : blocks("bash")) {
            Process bash = new ProcessBuilder("/bin/bash", "-n", "-c", block).redirectErrorStream(true).start();
            String said = new String(bash.getInputStream().readAllBytes());
            assertEquals(0, bash.waitFor(), said);
        }
    }

    @Test
    void theJobSetIsWellFormedAndItsCommandIsThisPrograms() throws IOException {
        List<String> blocks = blocks("yaml");
        assertEquals(1, blocks.size());
        Map<?, ?> jobSet = new Yaml().load(blocks.get(0));
        assertEquals("jobset.x-k8s.io/v1alpha2", jobSet.get("apiVersion"));
        Map<?, ?> job = at(at(at(jobSet, "spec", "replicatedJobs"), 0), "template", "spec");
        assertEquals(job.get("parallelism"), job.get("completions"));
        Map<?, ?> pod = at(job, "template", "spec");
        List<?> arguments = assertInstanceOf(List.class, at((Object) at(pod, "containers"), 0, "args"));
        String[] command = arguments.stream().map(argument -> argument.toString().replaceAll("\\$\\(\\w+\\)", "1")).toArray(String[]::new);
        assertEquals("launch", parse(command));
        assertTrue(arguments.contains("--nodes=" + job.get("completions")), arguments.toString());
    }

    /** The command's name; what a launcher launches is parsed, too. */
    private static String parse(String... arguments) {
        CommandLine line = Main.line();
        ParseResult parsed = line.parseArgs(arguments).subcommand();
        String name = parsed.commandSpec().name();
        if (name.equals("launch")) {
            int train = List.of(arguments).indexOf("train");
            assertTrue(train > 0, String.join(" ", arguments));
            assertEquals("train", parse(List.of(arguments).subList(train, arguments.length).toArray(String[]::new)));
        }
        return name;
    }

    @SuppressWarnings("unchecked") // whoever takes it for something else fails
    private static <T> T at(Object from, Object... path) {
        Object value = from;
        for (Object key : path) {
            value = key instanceof Integer index ? ((List<?>) value).get(index) : ((Map<?, ?>) value).get(key);
            assertNotNull(value, () -> "there is no " + key);
        }
        return (T) value;
    }
}
