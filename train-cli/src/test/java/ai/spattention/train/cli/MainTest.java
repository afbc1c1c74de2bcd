package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class MainTest {

    @Test
    void refusesAnUnknownCommandAndSuggestsOne() {
        assertEquals("spattn: unknown command 'trian': did you mean train? (see spattn --help)", Cli.refused("trian"));
    }

    @Test
    void namesNoHiddenCommand() {
        String line = Cli.refused("help", "no-such-command");
        assertTrue(line.contains("choose one of quickstart, ") && !line.contains("units"), line);
    }

    @Test
    void helpsWhereACommandIsMissing() {
        assertEquals(Cli.ok("--help").out(), Cli.ok().out());
        assertEquals(Cli.ok("bench", "--help").out(), Cli.ok("bench").out());
        assertEquals("", Cli.ok("bench").err());
    }

    @Test
    void refusesAnUnknownOption() {
        assertTrue(Cli.refused("train", "--config", "quickstart", "--nosuch").contains("--nosuch"));
    }

    @Test
    void saysWhereAMissingArgumentIsExplained() {
        assertEquals("spattn: Missing required parameter: 'DIR' (see spattn info --help)", Cli.refused("info"));
    }

    @Test
    void namesItsVersions() {
        String out = Cli.ok("--version").out();
        assertTrue(out.contains("spattention ") && out.contains("djl 0.36.0") && out.contains("java "), out);
        assertEquals(out, Cli.ok("version").out());
        assertEquals(out, Cli.ok("bench", "step", "--version").out());
    }

    @Test
    void helpsWithEveryCommand() {
        String help = Cli.ok("--help").out();
        for (String command : new String[] {"quickstart", "train", "generate", "forward", "eval", "mask", "bench", "doctor", "gpu-natives"}) {
            assertTrue(help.contains(command), help);
            assertTrue(Cli.ok(command, "--help").out().contains("Usage: spattn " + command));
        }
    }

    /** picocli formats what is said of commands and options: a per cent sign stands twice. */
    @Test
    void whatIsSaidOfCommandsAndOptionsCanBeFormatted() {
        descriptions(Main.line()).forEach(text -> assertDoesNotThrow(() -> String.format(Locale.ROOT, text), text));
    }

    /** Lists of commands show the first line of what is said of each. */
    @Test
    void everyLineOfACommandsDescriptionIsWholeSentences() {
        commands(Main.line()).forEach(spec -> {
            for (String line : spec.usageMessage().description()) {
                assertTrue(line.endsWith("."), spec.qualifiedName() + ": " + line);
            }
        });
    }

    private static Stream<CommandSpec> commands(CommandLine line) {
        return Stream.concat(Stream.of(line.getCommandSpec()), line.getSubcommands().values().stream().flatMap(MainTest::commands));
    }

    private static Stream<String> descriptions(CommandLine line) {
        CommandSpec spec = line.getCommandSpec();
        return Stream.of(Stream.of(spec.usageMessage().description()), Stream.of(spec.usageMessage().footer()),
                spec.args().stream().flatMap(arg -> Stream.of(arg.description())),
                line.getSubcommands().values().stream().flatMap(MainTest::descriptions)).flatMap(texts -> texts);
    }

    @Test
    void showsTheStackOnlyWhenAsked() {
        Cli quiet = Cli.run("forward", "--model", "no-such", "--input", "x", "--output", "y");
        Cli loud = Cli.run("forward", "--model", "no-such", "--input", "x", "--output", "y", "--debug");
        assertEquals(2, quiet.code());
        assertEquals(1, quiet.err().strip().lines().count());
        assertTrue(loud.err().contains("\tat ai.spattention"), loud.err());
    }

    @Test
    void refusesTwoDevices() {
        String line = Cli.refused("forward", "--device", "gpu:0,gpu:1", "--model", "x", "--input", "x", "--output", "y");
        assertTrue(line.contains("'gpu:0,gpu:1' is not one device"), line);
    }

    @Test
    void showsEscapesOfForeignNamesInsteadOfObeyingThem() {
        String name = "no\u001b]0;such\u0007\u009b2J\u202e\rx\ny";
        for (String line : new String[] {Cli.refused("info", name), Cli.refused(name), Cli.refused("generate", "--model", name, "--prompt", "x"),
            Cli.refused("mask", "--pattern", name, "--heads", "2", "--length", "4", "--ascii")}) {
            assertTrue(line.contains("no\\u001b]0;such\\u0007"), line);
            assertTrue(line.chars().noneMatch(Character::isISOControl), line);
        }
    }

    @Test
    void numbersAreThoseOfEveryLanguage() {
        Locale before = Locale.getDefault();
        String expected = Cli.run("train", "--config", "olmoe-1b-7b", "--dry-run").out();
        assertTrue(expected.contains("6,919,"), expected);
        for (String language : new String[] {"tr-TR", "ar-EG-u-nu-arab", "de-DE", "hi-IN-u-nu-deva"}) {
            try {
                Locale.setDefault(Locale.forLanguageTag(language));
                assertEquals(expected, Cli.run("train", "--config", "olmoe-1b-7b", "--dry-run").out());
                assertTrue(Cli.refused("mask", "--pattern", "nix", "--heads", "2", "--length", "4", "--ascii").contains("nix"));
            } finally {
                Locale.setDefault(before);
            }
        }
    }
}
