package ai.spattention.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.StandardPattern;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The programs run as their README says, at a tiny size, and do what it tells. */
class ExamplesTest {

    private interface Program {
        void run(String... arguments) throws Exception;
    }

    private static String output(Program program, String... arguments) throws Exception {
        PrintStream standard = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            program.run(arguments);
        } finally {
            System.setOut(standard);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    @Test
    void whatIsFarIsFoundByThePatternThatReachesIt() throws Exception {
        float far = LongRangeClassification.train(Device.cpu(), StandardPattern.SP, 64, 4, 512, 4);
        float near = LongRangeClassification.train(Device.cpu(), StandardPattern.LOCAL, 64, 4, 512, 4);
        assertTrue(far > 0.8, "with the heads' own bands " + far + " are right");
        assertTrue(near < 0.45, "a local window cannot know the class, yet " + near + " are right");
        String printed = output(LongRangeClassification::main, "length=32", "sequences=16", "epochs=1", "pattern=dilated");
        assertTrue(printed.startsWith("dilated: ") && printed.contains("by chance it would be 25"), printed);
    }

    @Test
    void theSwappedTransformersAreTrainedSideBySide() throws Exception {
        String printed = output(SwappedTransformer::main, "length=16", "dim=16", "layers=1", "sequences=512", "epochs=5");
        List<String> lines = printed.lines().toList();
        assertEquals(4, lines.size(), printed);
        for (int i = 1; i < 4; i++) {
            String[] columns = lines.get(i).strip().split(" +");
            assertEquals(List.of("", "DJL's", "causal", "sp").get(i), columns[0]);
            assertTrue(number(columns[1]) > 0, printed);
            assertTrue(number(columns[2]) > 60, printed);
        }
    }

    private static double number(String text) throws java.text.ParseException {
        return java.text.NumberFormat.getInstance(Locale.getDefault()).parse(text).doubleValue();
    }

    @Test
    void aPatternOfOnesOwnIsReadBack(@TempDir Path folder) throws Exception {
        Path model = folder.resolve("model");
        String printed = output(OwnPattern::main, "length=24", "heads=2", "folder=" + model);
        assertTrue(printed.contains("head 0, what the last query sees: .#.#.#.#.#.#.#.#########\n"), printed);
        assertTrue(printed.contains(" was read back with the pattern dilated of ai.spattention.examples.DilatedPattern"), printed);
        assertTrue(Files.readString(model.resolve("config.json")).contains("\"attention_pattern\" : \"dilated\""));
        OlmoeConfig loaded = OwnPattern.saveAndLoad(Device.cpu(), new DilatedPattern(), 24, 2, folder.resolve("again"));
        assertInstanceOf(DilatedPattern.class, loaded.patterns().of(0));
    }

    /** Both trainers, from the same folder: what was learned is said, and the new folder is a whole model folder again. */
    @ParameterizedTest
    @CsvSource({"segmented, bfloat16", "plain, float32"})
    void whatWasLearnedIsSaid(String trainer, String precision, @TempDir Path folder) throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "Every head sees. ".repeat(32));
        Path tuned = folder.resolve("tuned");
        String printed = output(FineTuning::main, "trainer=" + trainer, "precision=" + precision, "text=" + text, "folder=" + tuned,
                "length=32", "rate=0.005", "epochs=14");
        List<String> lines = printed.lines().toList();
        String learned = "Every head sees. Every head sees. Every ";
        assertTrue(!lines.get(0).contains(learned) && lines.get(lines.size() - 2).startsWith("after:  " + learned), printed);
        String generated = output(TextGeneration::main, "model=" + tuned, "tokens=29", "temperature=0");
        assertEquals("one text, as it grows:\n" + learned + "\nseveral texts together:\n" + learned + "\n",
                generated.substring(0, generated.indexOf("\nA") + 1));
    }

    @Test
    void aTextThatIsTooShortIsRefused(@TempDir Path folder) throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "short");
        assertEquals("the text has 5 tokens, fewer than length=64 and one more", assertThrows(InvalidInputException.class,
                () -> FineTuning.main(new String[] {"text=" + text})).getMessage());
    }

    @Test
    void aSettingThatIsNotThereIsRefused() {
        assertEquals("'lenght=3' is no setting of this program: give name=value, such as [device=cpu, length=32, heads=4, folder=]",
                assertThrows(InvalidInputException.class, () -> OwnPattern.main(new String[] {"lenght=3"})).getMessage());
        assertEquals("'heads' must be a whole number above 0 (got two)", assertThrows(InvalidInputException.class,
                () -> OwnPattern.main(new String[] {"heads=two"})).getMessage());
        assertEquals("'trainer' must be one of segmented, plain (got fast)", assertThrows(InvalidInputException.class,
                () -> FineTuning.main(new String[] {"trainer=fast"})).getMessage());
    }

    @Test
    void theReadmeTellsOfEveryProgramAndEachIsShort() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        try (Stream<Path> sources = Files.walk(Path.of("src", "main", "java"))) {
            for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
                String name = source.getFileName().toString().replace(".java", "");
                List<String> lines = Files.readAllLines(source);
                assertTrue(lines.size() < 120, source + " has " + lines.size() + " lines");
                assertEquals(lines.stream().anyMatch(line -> line.contains("void main(String[] ")), readme.contains("## " + name + "\n"),
                        name);
            }
        }
        Matcher called = Pattern.compile("-Dexec.mainClass=(\\S+)").matcher(readme);
        while (called.find()) {
            String file = called.group(1).replace('.', '/') + ".java";
            assertTrue(Files.exists(Path.of("src", "main", "java").resolve(file)), file);
        }
    }
}
