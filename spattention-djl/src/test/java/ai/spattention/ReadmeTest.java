package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in the README compiles and runs as it stands there. */
class ReadmeTest {

    private static final Pattern PROGRAM = Pattern.compile("```java\n(.*?public class (\\w+) .*?)```", Pattern.DOTALL);

    @TempDir
    private Path folder;

    @Test
    void theProgramCompilesAndRuns() throws Exception {
        Matcher program = PROGRAM.matcher(Files.readString(Path.of("..", "README.md")));
        assertTrue(program.find(), "the README holds a program");
        Path source = Files.writeString(folder.resolve(program.group(2) + ".java"), program.group(1));
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        int result = ToolProvider.getSystemJavaCompiler().run(null, messages, messages, "-Xlint:all", "-cp", classPath(),
                "-d", folder.toString(), source.toString());
        assertEquals("", messages.toString(StandardCharsets.UTF_8));
        assertEquals(0, result);

        PrintStream standard = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            loader.loadClass(program.group(2)).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(standard);
        }
        assertTrue(loss("sp", printed) < 0.03, printed.toString(StandardCharsets.UTF_8));
        assertTrue(loss("local", printed) > 0.05, printed.toString(StandardCharsets.UTF_8));
    }

    private static double loss(String pattern, ByteArrayOutputStream printed) {
        Matcher loss = Pattern.compile(pattern + ": loss ([0-9.]+)").matcher(printed.toString(StandardCharsets.UTF_8));
        assertTrue(loss.find(), printed.toString(StandardCharsets.UTF_8));
        return Double.parseDouble(loss.group(1));
    }

    /** Surefire starts the JVM with a jar that names the class path. */
    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
