package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunConfigLoaderTest {

    @TempDir
    Path folder;

    @Test
    void aByteOrderMarkIsPassedOver() {
        assertEquals(100, ConfigFiles.loadText("\uFEFF" + ConfigFiles.REQUIRED).training().steps());
    }

    @Test
    void namesFileAndLineOfABadValue() {
        assertEquals("run.yaml:13: training.steps must be at least 1 (got 0)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("steps: 100", "steps: 0")));
        assertEquals("run.yaml:6: model.num_hidden_layers must be a whole number (got 2.7)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("num_hidden_layers: 2", "num_hidden_layers: 2.7")));
        assertEquals("run.yaml:6: model.num_hidden_layers must be a whole number (got nothing)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("num_hidden_layers: 2", "num_hidden_layers:")));
        assertEquals("run.yaml:6: model.num_hidden_layers must be a whole number (got a list)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("num_hidden_layers: 2", "num_hidden_layers: [2]")));
        assertEquals("run.yaml:6: model.num_hidden_layers must be a whole number (got a section)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("num_hidden_layers: 2", "num_hidden_layers: {a: 2}")));
        assertEquals("run.yaml:6: model.num_hidden_layers must be a whole number (got '2')",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("num_hidden_layers: 2", "num_hidden_layers: '2'")));
    }

    @Test
    void aContradictionNamesTheKeyThatAPersonWrote() {
        assertEquals("run.yaml:17: schedule.warmup_steps must be at most training.steps (got 101 and 100)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "schedule: {warmup_steps: 101}"));
        assertEquals("run.yaml:3: model.max_position_embeddings must be at least data.sequence_length (got 64 and 128)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("model:", "model:\n  max_position_embeddings: 64")));
        assertEquals("--set model.num_attention_heads=3: model.num_attention_heads must divide model.hidden_size"
                + " (got 3 heads for hidden size 64)", ConfigFiles.refusal(ConfigFiles.REQUIRED, "model.num_attention_heads=3"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "training.stepz=1 | unknown key 'training.stepz': did you mean training.steps?",
            "model.hiden_sise=1 | unknown key 'model.hiden_sise': did you mean model.hidden_size?",
            "peak_lr=1 | unknown key 'peak_lr': did you mean optimizer.peak_lr?",
            "every_steps=1 | unknown key 'every_steps': did you mean validation.every_steps or evaluation.every_steps or"
                    + " checkpoint.every_steps or sample.every_steps?",
            "trainning.steps=1 | unknown key 'trainning.steps': did you mean training.steps?",
            "schedule.decay=1 | 'unknown key ''schedule.decay'': the keys of schedule are type, warmup_steps, decay_steps, min_lr_ratio, decay_tokens, warmup_tokens'",
            "training.steps.more=1 | 'unknown key ''training.steps.more'': training.steps is a value, without keys below it'",
            "foo.bar.baz=1 | 'unknown key ''foo.bar.baz'': the sections are model, data, training, distributed, optimizer, schedule,"
                    + " validation, evaluation, checkpoint, sample'",
            "extends=x | 'unknown key ''extends'': the keys are name, from, seed, device, precision, model, data, training,"
                    + " distributed, optimizer, schedule, validation, evaluation, checkpoint, sample'",
            "model=3 | model is a section, with keys of its own below it (got 3)",
            "model= | model is a section, with keys of its own below it (got '')"
    })
    void refusesAnOverride(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }

    @Test
    void refusesAnOverrideThatIsNoAssignment() {
        String rule = ": write it as key=value, such as --set training.steps=100";
        assertEquals("--set training.steps" + rule, ConfigFiles.refusal(ConfigFiles.REQUIRED, "training.steps"));
        assertEquals("--set =5" + rule, ConfigFiles.refusal(ConfigFiles.REQUIRED, "=5"));
    }

    @Test
    void readsOverridesAsScalars() {
        assertEquals("", ConfigFiles.load("sample.prompt=").sample().prompt());
        assertEquals("", ConfigFiles.load("sample.prompt=''").sample().prompt());
        assertEquals("12", ConfigFiles.load("sample.prompt='12'").sample().prompt());
        assertEquals("a\nb", ConfigFiles.load("sample.prompt=\"a\\nb\"").sample().prompt());
        assertEquals("it's", ConfigFiles.load("sample.prompt='it''s'").sample().prompt());
        assertEquals("{a: [b", ConfigFiles.load("sample.prompt={a: [b").sample().prompt());
        assertEquals("*x # y = z", ConfigFiles.load("sample.prompt=*x # y = z").sample().prompt());
        assertEquals("- a", ConfigFiles.load("sample.prompt=- a").sample().prompt());
        assertEquals(2, ConfigFiles.load("training.steps=1", "training.steps=2").training().steps());
        assertEquals(null, ConfigFiles.load("model.clip_qkv=8", "model.clip_qkv=null").model().clipQkv());
        assertEquals("--set sample.prompt=\"\\q\": found unknown escape character q(113)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED, "sample.prompt=\"\\q\""));
    }

    @Test
    void listsWhatIsMissing() {
        assertEquals("run.yaml lacks model.vocab_size (a whole number), optimizer.peak_lr (a number)",
                ConfigFiles.refusal(ConfigFiles.REQUIRED.replace("  vocab_size: 257\n", "")
                        .replace("optimizer:\n  peak_lr: 0.001\n", "optimizer: {}\n")));
    }

    @Test
    void derivesDefaultsFromOtherKeys() {
        RunConfig config = ConfigFiles.load("model.num_attention_heads=8", "data.sequence_length=32");
        assertEquals(8, config.model().numKeyValueHeads());
        assertEquals(32, config.model().maxPositionEmbeddings());
        assertEquals(LayoutLength.of(32), config.model().layoutLength());
    }

    @Test
    void refusesWhatYamlWouldLetPass() {
        assertEquals("run.yaml:17: the key 'name' was given before, at run.yaml:1: give it once",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "name: again\n"));
        assertEquals("run.yaml:17: the key 'model' was given before, at run.yaml:2: give it once",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "model: {vocab_size: 1}\n"));
        assertEquals("run.yaml:18: a second YAML document starts here: a configuration is one",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "---\nseed: 1\n"));
        assertEquals("run.yaml:17: the value of 'seed' starts with 0, which YAML reads as octal (got 010): leave the 0 away",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "seed: 010\n"));
        assertEquals("run.yaml:17: a key has no dots (got 'sample.tokens'): write sections as indented keys",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "sample.tokens: 3\n"));
        assertEquals("run.yaml:18: sample.temperature must be a number (got '.nan')",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "sample:\n  temperature: .nan\n"));
        assertEquals("run.yaml:17: unknown key '<<': the keys are name, from, seed, device, precision, model, data, training,"
                + " distributed, optimizer, schedule, validation, evaluation, checkpoint, sample",
                ConfigFiles.refusal(ConfigFiles.REQUIRED + "<<: {seed: 3}\n"));
    }

    @Test
    void refusesAnAliasBombAtItsFirstAlias() {
        StringBuilder bomb = new StringBuilder("a0: &a0 lol\n");
        for (int i = 1; i < 40; i++) {
            bomb.append("a" + i + ": &a" + i + " [" + "*a".concat(i - 1 + ", ").repeat(9) + "x]\n");
        }
        assertEquals("run.yaml:1: unknown key 'a0': the keys are name, from, seed, device, precision, model, data, training,"
                + " distributed, optimizer, schedule, validation, evaluation, checkpoint, sample", ConfigFiles.refusal(bomb.toString()));
        assertEquals("run.yaml:2: the value of 'name' is an alias (*x): write it out",
                ConfigFiles.refusal("seed: &x 1\nname: *x\n"));
    }

    @Test
    void refusesWhatIsNotAConfiguration() throws IOException {
        assertEquals("run.yaml is empty: a configuration has keys with values", ConfigFiles.refusal("# nothing\n"));
        assertEquals("run.yaml:1: a configuration starts with a key, such as 'name: my-run' (got a list)",
                ConfigFiles.refusal("- a\n"));
        assertEquals("run.yaml:1: a configuration starts with a key, such as 'name: my-run' (got 'hello')",
                ConfigFiles.refusal("hello\n"));
        assertEquals("run.yaml:1: this is not YAML: mapping values are not allowed here",
                ConfigFiles.refusal("a: b: c\n"));
        assertEquals("run.yaml:2: this is not YAML: found unexpected end of stream", ConfigFiles.refusal("a: 1\nb: \"x"));
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {'a', ':', (byte) 0xff});
        assertRefused(binary, binary + " is not UTF-8 text");
        Path large = Files.write(folder.resolve("large.yaml"), new byte[ConfigSource.MAX_BYTES + 1]);
        assertRefused(large, large + " has more than 1048576 bytes: it is not a configuration");
        assertRefused(folder.resolve("none.yaml"), "there is no configuration file " + folder.resolve("none.yaml"));
        assertRefused(folder, "the configuration " + folder + " is a folder: name a .yaml file");
    }

    @Test
    void extendsAFileNextToIt() throws IOException {
        write("base.yaml", ConfigFiles.REQUIRED + "seed: 1\n");
        write("sub/middle.yaml", "extends: ../base.yaml\nseed: 2\nmodel: {attention_pattern: local}\n");
        RunConfig config = load(write("top.yaml", "extends: sub/middle.yaml\nname: top\n"));
        assertEquals("top", config.name());
        assertEquals(2, config.seed());
        assertEquals(LayerPatterns.all(StandardPattern.LOCAL), config.model().patterns());
        assertEquals(64, config.model().hiddenSize());
    }

    @Test
    void extendsAPreset() throws IOException {
        RunConfig config = load(write("mine.yaml", "extends: quickstart\nseed: 7\n"));
        assertEquals(7, config.seed());
        assertEquals("quickstart", config.name());
    }

    @Test
    void aMistakeInABaseNamesTheBase() throws IOException {
        Path base = write("base.yaml", "stepz: 3\n");
        Path top = write("top.yaml", "extends: base.yaml\n");
        assertTrue(refusal(top).startsWith(base + ":1: unknown key 'stepz'"), refusal(top));
    }

    @Test
    void refusesCirclesDepthAndMissingBases() throws IOException {
        Path itself = write("self.yaml", "extends: ./self.yaml\n");
        assertRefused(itself, itself + ":1: extends goes in a circle: " + itself + " -> " + folder.resolve("./self.yaml"));
        Path one = write("one.yaml", "seed: 1\nextends: two.yaml\n");
        Path two = write("two.yaml", "extends: one.yaml\n");
        assertRefused(one, two + ":1: extends goes in a circle: " + one + " -> " + two + " -> " + one);
        for (int i = 0; i < 9; i++) {
            write("deep" + i + ".yaml", "extends: deep" + (i + 1) + ".yaml\n");
        }
        assertRefused(folder.resolve("deep0.yaml"),
                folder.resolve("deep7.yaml") + ":1: extends goes more than 8 files deep");
        Path orphan = write("orphan.yaml", "extends: gone.yaml\n");
        assertRefused(orphan, orphan + ":1: there is no file " + folder.resolve("gone.yaml") + " to extend");
        Path number = write("number.yaml", "extends: 3\n");
        assertRefused(number, number + ":1: extends must be a .yaml file or a preset's name (got 3)");
        Path unknown = write("unknown.yaml", "extends: quikstart\n");
        assertTrue(refusal(unknown).startsWith(
                unknown + ":1: unknown preset 'quikstart': did you mean quickstart? choose one of "), refusal(unknown));
    }

    @Property(tries = 300)
    void noTextDoesMoreThanBeRefused(@ForAll("yamlLike") String text) {
        try {
            ConfigFiles.loadText(text);
        } catch (InvalidInputException e) {
            assertTrue(e.getMessage().lines().count() == 1, e.getMessage());
        }
    }

    @Property(tries = 300)
    void noOverrideDoesMoreThanBeRefused(@ForAll("yamlLike") String value) {
        try {
            ConfigFiles.load("sample.prompt=" + value, "training.steps=" + value, value);
        } catch (InvalidInputException e) {
            assertTrue(e.getMessage().lines().count() == 1, e.getMessage());
        }
    }

    @Provide
    Arbitrary<String> yamlLike() {
        Arbitrary<String> pieces = Arbitraries.of("name", "model", "seed", "extends", ":", ": ", "\n", "\n  ", "- ", "[", "]",
                "{", "}", ",", "\"", "'", "*a", "&a ", "? ", "! ", "!!int ", "|", ">", "#", "---", "...", "%", "1", "0x", "1e9",
                "null", "~", "\t", "\0", "\u0085", "\ufeff", "<<", "\\", "@", "`", "1_0", ".inf", "99999999999999999999");
        return pieces.list().ofMaxSize(12).map(list -> String.join("", list));
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private static RunConfig load(Path file) {
        return RunConfigLoader.load(ConfigSource.file(file), List.of());
    }

    private static String refusal(Path file) {
        return assertThrows(InvalidInputException.class, () -> load(file)).getMessage();
    }

    private static void assertRefused(Path file, String message) {
        assertEquals(message, refusal(file));
    }
}
