package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\":1,\"tokens\":512,\"loss\":5.5,\"loss_aux\":1.25,\"loss_z\":4.0,"
                + "\"gradient_norm\":0.75,\"learning_rate\":1.0E-4,\"tokens_per_second\":1024.0,\"time_s\":0.5}\n");
    }

    private int run(String... arguments) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    }

    @Test
    void oneRunsPageGoesIntoItsFolder() throws IOException {
        assertEquals(0, run("report", folder.toString()), err::toString);
        assertEquals(folder.resolve("report.html") + System.lineSeparator(), out.toString());
        assertTrue(Files.readString(folder.resolve("report.html")).startsWith("<!DOCTYPE html>"));
    }

    @Test
    void severalRunsNeedAnOutput() {
        assertEquals(2, run("report", folder.toString(), folder.toString()));
        assertEquals("spattn: a report on 2 runs belongs to none of their folders: name the page with --output FILE"
                + System.lineSeparator(), err.toString());
        Path page = folder.resolve("pages").resolve("both.html");
        assertEquals(0, run("report", folder.toString(), folder.toString(), "--output", page.toString()), err::toString);
        assertTrue(Files.exists(page));
    }

    @Test
    void aFolderThatIsNoRunIsRefused() {
        assertEquals(2, run("report", folder.resolve("nowhere").toString()));
        assertTrue(err.toString().contains("nowhere holds no metrics.jsonl"), err.toString());
    }
}
