package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
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
        assertEquals(14, launches);
        assertEquals(9, trains);
    }

    @Test
    void theShellReadsTheScripts() throws Exception {
        Assumptions.assumeTrue(Files.exists(Path.of("/bin/bash")), "there is no bash");
        for (String block : blocks("bash")) {
            Process bash = new ProcessBuilder("/bin/bash", "-n", "-c", block).redirectErrorStream(true).start();
            String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, bash.waitFor(), said);
        }
    }

    @Test
    void theJobSetIsWellFormedAndItsCommandIsThisPrograms() throws IOException {
        List<String> blocks = blocks("yaml");
        assertEquals(1, blocks.size());
        JsonNode jobSet = new YAMLMapper().readTree(blocks.get(0));
        assertEquals("jobset.x-k8s.io/v1alpha2", jobSet.path("apiVersion").textValue());
        JsonNode job = jobSet.at("/spec/replicatedJobs/0/template/spec");
        assertEquals(4, job.path("completions").intValue());
        assertEquals(job.path("parallelism"), job.path("completions"));
        List<String> arguments = StreamSupport.stream(job.at("/template/spec/containers/0/args").spliterator(), false)
                .map(argument -> argument.textValue().replaceAll("\\$\\(\\w+\\)", "1")).toList();
        assertEquals("launch", parse(arguments.toArray(String[]::new)));
        assertTrue(arguments.contains("--nodes=" + job.path("completions")), arguments.toString());
    }

    /** The command's name; what a launcher launches is parsed, too. */
    private static String parse(String... arguments) {
        CommandLine line = Main.line();
        ParseResult parsed = line.parseArgs(arguments).subcommand();
        String name = parsed.commandSpec().name();
        if (name.equals("launch")) {
            int launched = Stream.of("train", "bench").mapToInt(List.of(arguments)::indexOf).filter(place -> place > 0).min().orElseThrow();
            parse(List.of(arguments).subList(launched, arguments.length).toArray(String[]::new));
        }
        return name;
    }
}
