package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * What a command gave, run in this process.
 *
 * @param code the exit code
 * @param out what went to standard output
 * @param err what a person was told
 */
public record Cli(int code, String out, String err) {

    public static Cli run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Cli(code, out.toString(), err.toString());
    }

    /** Runs a command that must succeed. */
    public static Cli ok(String... arguments) {
        Cli result = run(arguments);
        assertEquals(0, result.code, result.err);
        return result;
    }

    /** Runs a command that must be refused in one line with exit code 2. */
    public static String refused(String... arguments) {
        Cli result = run(arguments);
        assertEquals(2, result.code, result.err);
        assertEquals("", result.out);
        String last = result.err.strip();
        assertEquals(1, last.lines().count(), last);
        return last;
    }
}
