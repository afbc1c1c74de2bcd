package ai.spattention.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The script for JBang runs as it stands there, and names the artifacts of this build. */
class JBangScriptTest {

    private static final Path SCRIPT = Path.of("jbang", "Reach.java");

    @Test
    void runs() throws Exception {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Dai.djl.offline=true", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), SCRIPT.toString(), "local", "8")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertEquals(List.of("###.....  who sees token 0", ".###....  who sees token 1"), output.lines().limit(2).toList(), output);
        assertEquals(8, output.lines().count());
    }

    @Test
    void namesThisBuildsArtifacts() throws IOException {
        List<MatchResult> artifacts = Pattern.compile("(?m)^//DEPS ([\\w.]+):([\\w-]+):([\\w.-]+)").matcher(Files.readString(SCRIPT)).results().toList();
        assertEquals(4, artifacts.size());
        String poms = Files.readString(Path.of("pom.xml"));
        assertTrue(poms.contains("<version>" + artifacts.get(0).group(3) + "</version>"), "this project's version");
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        for (MatchResult artifact : artifacts.subList(1, 3)) {
            assertTrue(classPath.contains(artifact.group(2) + "-" + artifact.group(3)), artifact.group());
        }
    }
}
