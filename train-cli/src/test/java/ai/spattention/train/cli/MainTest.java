package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MainTest {

    @Test
    void refusesAnUnknownCommandAndSuggestsOne() {
        assertEquals("spattn: unknown command 'trian': did you mean train? (see spattn --help)", Cli.refused("trian"));
    }

    @Test
    void asksForACommand() {
        assertTrue(Cli.refused().contains("a command is missing"));
    }

    @Test
    void refusesAnUnknownOption() {
        assertTrue(Cli.refused("train", "--config", "quickstart", "--nosuch").contains("--nosuch"));
    }

    @Test
    void namesItsVersions() {
        String out = Cli.ok("--version").out();
        assertTrue(out.contains("spattention ") && out.contains("djl 0.35.1") && out.contains("java "), out);
    }

    @Test
    void helpsWithEveryCommand() {
        String help = Cli.ok("--help").out();
        for (String command : new String[] {"quickstart", "train", "generate", "forward", "eval", "mask", "bench", "doctor", "gpu-natives"}) {
            assertTrue(help.contains(command), help);
            assertTrue(Cli.ok(command, "--help").out().contains("Usage: spattn " + command));
        }
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
}
