package ai.spattention.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.report.chart.Html;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveReportTest {

    @TempDir
    Path folder;

    private final List<String> heard = new ArrayList<>();
    private LiveReport report;
    private Path page;

    @BeforeEach
    void create() {
        page = folder.resolve("report.html");
        report = new LiveReport(new RunObserver() {
            @Override
            public void started(long firstStep, long lastStep) {
                heard.add("started " + firstStep + " " + lastStep);
            }

            @Override
            public void step(StepMetrics metrics) {
                heard.add("step " + metrics.step());
            }

            @Override
            public void sampled(long step, String prompt, String text) {
                heard.add("sampled " + step + prompt + text);
            }

            @Override
            public void checkpointed(long step, Path where) {
                heard.add("checkpointed " + step);
            }

            @Override
            public void note(String message) {
                heard.add(message);
            }
        }, folder);
    }

    @Test
    void everythingIsHandedOn() throws IOException {
        report.started(1, 3);
        report.step(RunFolder.step(1).build());
        report.sampled(1, "a", "b");
        report.checkpointed(1, folder);
        report.note("hello");
        assertEquals(List.of("started 1 3", "step 1", "sampled 1ab", "checkpointed 1", "hello"), heard);
    }

    @Test
    void thePageIsWrittenWhereverTasksAreScored() throws IOException {
        report.started(1, 3);
        report.step(RunFolder.step(1).optTaskScores(Map.of("piqa", Map.of("acc", 0.5))).build());
        assertEquals(1, Html.read(page).lines("piqa acc").size());
    }

    @Test
    void thePageIsWrittenAtEachValidationAndAtTheEnd() throws IOException {
        new RunFolder(folder).config("live");
        report.started(1, 3);
        report.step(RunFolder.step(1).build());
        assertFalse(Files.exists(page));
        report.step(RunFolder.step(2).optValidationLoss(4).build());
        assertEquals(List.of("2 of 300"), Html.read(page).fact("steps"));
        report.step(RunFolder.step(3).build());
        report.sampled(3, "a", "b");
        report.write();
        assertEquals(List.of("3 of 300"), Html.read(page).fact("steps"));
        assertEquals(List.of("ab"), Html.read(page).find("//pre"));
    }

    @Test
    void aResumedRunStartsFromWhatIsThere() throws IOException {
        new RunFolder(folder).config("live").metrics(5, (step, metrics) -> metrics);
        report.started(6, 10);
        report.step(RunFolder.step(6).build());
        report.write();
        assertEquals(1 + 5, Html.read(page).lines("Learning rate").get(0).chars().filter(c -> "hlv".indexOf(c) >= 0).count());
    }

    @Test
    void aFailureIsToldOnThePage() throws IOException {
        report.started(1, 3);
        report.step(RunFolder.step(1).build());
        report.failed(new IllegalStateException("no <memory>"));
        report.write();
        assertTrue(Html.read(page).find("//ul[@class='notes']/li").contains("The run failed: no <memory>"));
    }

    @Test
    void aFailureIsKeptForALaterPageUntilTheRunGoesOn() throws IOException {
        new RunFolder(folder).config("live").metrics(1, (step, metrics) -> metrics);
        report.started(2, 3);
        report.failed(new OutOfMemoryError("no <memory>\nat all"));
        Path later = folder.resolve("later.html");
        RunReport.write(List.of(folder), later);
        assertEquals(List.of("The run failed: no <memory>"), Html.read(later).find("//ul[@class='notes']/li"));
        LiveReport again = new LiveReport(new RunObserver() { }, folder);
        again.started(2, 3);
        again.write();
        assertEquals(List.of(), Html.read(page).find("//ul[@class='notes']/li"));
        RunReport.write(List.of(folder), later);
        assertEquals(List.of(), Html.read(later).find("//ul[@class='notes']/li"));
    }

    @Test
    void aFailureWithoutAMessageIsNamed() throws IOException {
        report.started(1, 3);
        report.failed(new IllegalStateException());
        assertEquals("IllegalStateException", FailureFile.read(folder).orElseThrow());
    }

    @Test
    void aRunThatNeverBeganLeavesNoPage() {
        report.failed(new IllegalStateException("x"));
        report.write();
        assertFalse(Files.exists(page));
        assertEquals(List.of(), heard);
    }

    @Test
    void aPageThatCannotBeWrittenDoesNotEndTheRun() throws IOException {
        Files.createDirectories(page.resolve("occupied"));
        report.started(1, 3);
        report.step(RunFolder.step(1).optValidationLoss(4).build());
        assertTrue(heard.get(2).startsWith("warning: the report could not be written: "), heard.toString());
    }
}
