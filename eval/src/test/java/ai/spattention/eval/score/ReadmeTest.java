package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
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

/** The program in the README that uses a model folder compiles and runs as it stands there. */
class ReadmeTest {

    private static final Pattern PROGRAM = Pattern.compile("### OLMoE from Java.*?```java\n(.*?)```", Pattern.DOTALL);

    @TempDir
    private Path folder;

    @Test
    void theProgramCompilesAndRuns() throws Exception {
        Matcher program = PROGRAM.matcher(Files.readString(Path.of("..", "README.md")));
        assertTrue(program.find(), "the README holds the program");
        Path source = Files.writeString(folder.resolve("TellMore.java"), program.group(1));
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        int result = ToolProvider.getSystemJavaCompiler().run(null, messages, messages, "-Xlint:all", "-cp", classPath,
                "-d", folder.toString(), source.toString());
        assertEquals("", messages.toString(StandardCharsets.UTF_8));
        assertEquals(0, result);

        Path model = folder.resolve("model");
        try (SmallModel small = new SmallModel(StandardPattern.SP, LayoutLength.of(256))) {
            HuggingFaceFolder.save(small.model(), model, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        }
        Files.writeString(model.resolve("tokenizer.json"), new ByteTokenizer().toJson());
        PrintStream standard = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            loader.loadClass("TellMore").getMethod("main", String[].class).invoke(null, (Object) new String[] {model.toString()});
        } finally {
            System.setOut(standard);
        }
        String text = printed.toString(StandardCharsets.UTF_8);
        assertTrue(text.contains("[Score[logLikelihood=-"), text);
    }
}
