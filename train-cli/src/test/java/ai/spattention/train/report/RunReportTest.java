package ai.spattention.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.metrics.TextSample;
import ai.spattention.train.report.chart.Html;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunReportTest {

    @TempDir
    Path temporary;

    private RunFolder folder(String name) throws IOException {
        return RunFolder.create(temporary.resolve(name));
    }

    private Html report(RunFolder... runs) throws IOException {
        Path page = temporary.resolve("page.html");
        RunReport.write(Arrays.stream(runs).map(RunFolder::path).toList(), page);
        return Html.read(page);
    }

    private RunFolder wholeRun(String folder, String name, String... overrides) throws IOException {
        return folder(folder).config(name, overrides)
                .metrics(100, (step, metrics) -> {
                    metrics.optMemoryMb(700).optGpuMemoryMb(59_000).optExpertLoad(new long[][] {
                        {1, 1, 1, 1, 1, 1, 1, 1}, {8, 0, 0, 0, 0, 0, 0, 0}, {3, 1, 0, 0, 0, 0, 2, 2}, {1, 1, 1, 1, 1, 1, 1, 2}});
                    return step % 25 == 0 ? metrics.optValidationLoss(6.25 - step / 100.0) : metrics;
                })
                .samples(new TextSample(50, "public ", "static int"), new TextSample(100, "public ", "final class"))
                .file("versions.json", "{\"spattention\": \"1.2.3\", \"device\": \"cpu()\", \"processors\": 2}\n");
    }

    @Test
    void oneRunShowsItsNumbersAndCurves() throws IOException {
        Html page = report(wholeRun("run", "my-run"));
        assertEquals(List.of("my-run"), page.find("//h1"));
        assertEquals(List.of("100 of 300"), page.fact("steps"));
        assertEquals(List.of("5.250"), page.fact("validation loss"));
        assertEquals(List.of("205k"), page.fact("tokens"));
        assertEquals(List.of("50.0 s"), page.fact("time"));
        assertEquals(List.of("4.1k tokens/s"), page.fact("throughput"));
        assertEquals(List.of("700 MiB"), page.fact("memory"));
        assertEquals(List.of("59,000 MiB"), page.fact("GPU memory"));
        assertEquals(List.of("3.06M"), page.fact("parameters"));
        assertEquals(List.of("1.29M"), page.fact("active parameters"));
        assertEquals(List.of("sp"), page.fact("attention"));
        assertEquals(List.of("256"), page.fact("layout length"));
        assertEquals(List.of("1.2.3"), page.fact("spattention"));
        assertEquals(List.of("2"), page.fact("processors"));
        for (String chart : List.of("Loss over tokens", "Loss over time")) {
            assertEquals(3, page.lines(chart).size(), "training, smoothed and validation in " + chart);
        }
        for (String chart : List.of("Gradient norm", "Load-balancing loss", "Router z-loss", "Throughput")) {
            assertEquals(2, page.lines(chart).size(), "raw and smoothed in " + chart);
        }
        for (String chart : List.of("Learning rate", "Memory", "GPU memory")) {
            assertEquals(1, page.lines(chart).size(), chart);
        }
        assertEquals(4, page.lines("Load of the busiest expert").size());
        assertEquals(4, page.lines("Routing entropy").size());
        assertEquals(List.of("after step 100", "after step 50"), page.find("//section[h2='Samples of text']//h3"));
        assertEquals("public final class", page.find("//pre").get(0));
        assertEquals(List.of(), page.find("//ul[@class='notes']"));
    }

    @Test
    void scoredTasksHaveAChartForEachMetric() throws IOException {
        RunFolder one = folder("one").config("first").metrics(40, (step, metrics) -> step % 10 == 0 ? metrics.optTaskScores(
                Map.of("piqa", Map.of("acc", 0.5 + step / 100.0), "lambada", Map.of("perplexity", 1e6 / step))) : metrics);
        Html page = report(one);
        assertEquals(1, page.lines("piqa acc").size());
        assertEquals(4, page.find("//figure[figcaption='piqa acc']/svg//use[@href='#m0']").size());
        assertTrue(page.find("//figure[figcaption='piqa acc']/svg//text").contains("tokens"));
        assertTrue(page.find("//figure[figcaption='lambada perplexity']/svg//text").contains("lambada perplexity (log scale)"));
        assertEquals(List.of("0.9"), page.fact("piqa acc"));
        RunFolder other = folder("two").config("second").metrics(20, (step, metrics) -> step % 10 == 0
                ? metrics.optTaskScores(Map.of("piqa", Map.of("acc", Double.NaN))) : metrics);
        Html both = report(one, other, folder("three").config("third").metrics(5, (step, metrics) -> metrics));
        assertEquals(2, both.lines("piqa acc").size());
        assertEquals(1, both.lines("lambada perplexity").size());
        assertEquals(List.of("0.9", "not finite", ""), both.fact("piqa acc"));
        assertEquals(List.of("first"), both.find("//figure[figcaption='lambada perplexity']/ul/li/span"));
        assertEquals(List.of(), report(wholeRun("none", "r")).find("//section[h2='Tasks']"));
    }

    @Test
    void utilisationIsTheMeasuredOneOrUnknown() throws IOException {
        Html unknown = report(wholeRun("run", "r"));
        assertEquals(List.of("unknown"), unknown.fact("model-FLOP utilisation"));
        assertTrue(unknown.text().contains("training.peak_tflops"), "it says what to do");
        assertEquals(List.of(), unknown.lines("Model-FLOP utilisation"));
        RunFolder measured = folder("measured").config("m").metrics(30, (step, metrics) -> metrics.optUtilisation(0.4125));
        Html known = report(measured);
        assertEquals(List.of("41.2%"), known.fact("model-FLOP utilisation"));
        assertEquals(2, known.lines("Model-FLOP utilisation").size());
        Html both = report(measured, wholeRun("other", "o"));
        assertEquals(List.of("41.2%", "unknown"), both.fact("model-FLOP utilisation"));
        assertFalse(both.lines("Model-FLOP utilisation").get(0).isEmpty());
    }

    @Test
    void aLineHasAPointForEachStepOfAShortRun() throws IOException {
        Html page = report(folder("run").config("r").metrics(7, (step, metrics) -> metrics));
        assertEquals(1 + 6, page.lines("Learning rate").get(0).chars().filter(c -> "hlv".indexOf(c) >= 0).count());
        assertEquals(7, page.find("//figure[figcaption='Learning rate']/svg//use[@href='#m0']").size());
        String title = page.find("//figure[figcaption='Learning rate']//rect[@class='hit']/title").get(6);
        assertEquals("step 7, 14.3k tokens, 3.5 s\nLearning rate: 1e-4", title);
        assertTrue(page.find("//figure[figcaption='Loss over tokens']/svg//text").containsAll(List.of("tokens", "10k")));
        assertTrue(page.find("//figure[figcaption='Loss over time']/svg//text").contains("seconds"));
    }

    @Test
    void theHeatMapShowsEachExpert() throws IOException {
        Html page = report(wholeRun("run", "r"));
        String map = "//figure[figcaption='Load of each expert in the last step']/svg";
        assertEquals(32, page.find(map + "/text[string-length(.) = 4]").size());
        assertTrue(page.find(map + "//title").get(1).contains("busiest expert 0 (8.00 times the even share)"));
    }

    @Test
    void theBandsAreThoseOfThePattern() throws IOException {
        Html page = report(folder("run").config("r", "model.attention_pattern=exclusive").metrics(1, (step, metrics) -> metrics));
        List<String> titles = page.find("//figure[starts-with(figcaption, 'What each head sees')]//title");
        assertEquals("head 0: distances 0..42", titles.get(0));
        assertEquals("head 5: distances 214..255", titles.get(5));
        assertEquals(6, page.find("//figure[@class='mask']").size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"causal", "sp", "exclusive", "local", "window", "gapped", "longformer", "bigbird", "reformer", "longformer-dilated",
        "bigbird-random"})
    void everyPatternIsDrawn(String pattern) throws IOException {
        Html page = report(folder("run").config("r", "model.attention_pattern=" + pattern).metrics(1, (step, metrics) -> metrics));
        assertFalse(page.find("//figure[@class='mask']//path[starts-with(@class, 'seen')]").isEmpty());
        assertEquals(pattern.matches("longformer|bigbird|bigbird-random"), page.text().contains("keys are seen from everywhere"));
    }

    @Test
    void attentionWithoutMasksIsNotDrawn() throws IOException {
        Html page = report(folder("run").config("r", "model.attention_pattern=[lsh, bigbird-random]").metrics(1, (step, metrics) -> metrics));
        assertTrue(page.text().contains("What each head sees: lsh in layers 0") && page.text().contains("there is nothing to draw"), page.text());
        assertTrue(page.text().contains("blocks of keys, which lie at no fixed distances"), page.text());
    }

    @Test
    void aRunOfOneStepWithoutAnythingElseIsEnough() throws IOException {
        Html page = report(folder("lonely").metrics(1, (step, metrics) -> metrics));
        assertEquals(List.of("lonely"), page.find("//h1"));
        assertEquals(List.of("There is no config.yaml: what was trained is not known."), page.find("//ul[@class='notes']/li"));
        assertEquals(List.of("5.500"), page.fact("recent training loss"));
        assertEquals(1, page.lines("Loss over tokens").size());
        assertEquals(List.of(), page.lines("Memory"));
        assertTrue(page.text().contains("load was not measured"));
    }

    @Test
    void lossesThatAreNotFiniteAreMarkedAndCounted() throws IOException {
        Html page = report(folder("run").config("r").metrics(30, (step, metrics) -> step > 10 && step < 14
                ? metrics.setLosses(Double.NaN, Double.POSITIVE_INFINITY, 1e300).setGradientNorm(Double.NaN) : metrics));
        assertEquals(List.of("The training loss was not finite in 3 steps."), page.find("//ul[@class='notes']/li"));
        assertEquals(List.of("step 11: not a finite number", "step 12: not a finite number", "step 13: not a finite number"),
                page.find("//figure[figcaption='Loss over tokens']//path[@class='bad']/title"));
        assertEquals(2, page.lines("Gradient norm").get(0).chars().filter(c -> c == 'M').count(), "the line has a gap");
        assertFalse(page.text().contains("NaN") || page.text().contains("Infinity"));
    }

    @Test
    void aRunWithoutAnyFiniteLossIsStillReported() throws IOException {
        Html page = report(folder("run").config("r").metrics(3, (step, metrics) ->
                metrics.setLosses(Double.NaN, Double.NaN, Double.NaN).setTimeSeconds(Double.NaN).setTokensPerSecond(Double.NaN)));
        assertEquals(List.of("not finite"), page.fact("recent training loss"));
        assertEquals(List.of("unknown"), page.fact("time"));
        assertFalse(page.text().contains("NaN"));
    }

    @Test
    void hostileTextStaysText() throws IOException {
        String hostile = "</pre><script>alert('x')</script>&amp;\" onload=\"x";
        Path nasty = temporary.resolve("<script>alert(1)<&\"'");
        Html page = report(RunFolder.create(nasty).metrics(2, (step, metrics) -> metrics)
                .samples(new TextSample(1, hostile, "\u0000\u001b[31m \u202e ]]>" + hostile))
                .file("versions.json", "{\"<script>\": \"<img src=x onerror=y>\", \"a\": [1]}"));
        assertEquals(List.of(), page.find("//script | //img | //@onload | //@onerror | //@src | //@href[not(starts-with(., '#'))]"));
        assertFalse(page.text().contains("<script"));
        assertEquals(List.of("<script>alert(1)<&\"'"), page.find("//h1"));
        assertEquals(List.of(hostile + "\ufffd\ufffd[31m \u202e ]]>" + hostile), page.find("//pre"));
        assertEquals(List.of("<img src=x onerror=y>"), page.fact("<script>"));
    }

    @Test
    void nothingIsLoadedFromElsewhere() throws IOException {
        Html page = report(wholeRun("run", "r"));
        assertEquals(List.of(), page.find("//script | //link | //img | //iframe | //@href[not(starts-with(., '#'))] | //@src"));
        assertFalse(page.find("//style").get(0).matches("(?s).*(url\\((?!\"#)|@import|https?:).*"));
        assertEquals("default-src 'none'; style-src 'unsafe-inline'",
                page.find("//meta[@http-equiv='Content-Security-Policy']/@content").get(0));
    }

    @Test
    void damagedLinesAreLeftOutWithANote() throws IOException {
        RunFolder run = folder("run").config("r").metrics(3, (step, metrics) -> metrics).samples(new TextSample(1, "a", "b"));
        Path metrics = run.path().resolve("metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics).replaceFirst("\n", "\n{\"step\": 2, \"tok\n\u0000\n") + "{\"step\": 4");
        run.file("samples.jsonl", "[]\n{\"step\":1,\"prompt\":\"a\",\"text\":\"b\"}\n").file("versions.json", "{\"java\":");
        Html page = report(run);
        assertEquals(List.of("3 of 300"), page.fact("steps"));
        List<String> notes = page.find("//ul[@class='notes']/li");
        assertEquals(4, notes.size(), notes.toString());
        assertEquals("versions.json was left out: it is not JSON.", notes.get(0));
        assertTrue(notes.get(1).startsWith("A line was left out: " + metrics + ":2: this is not JSON"), notes.get(1));
        assertTrue(notes.get(3).contains("samples.jsonl:1: a line must hold a JSON object"), notes.get(3));
        assertEquals(List.of("ab"), page.find("//pre"));
    }

    @Test
    void manyDamagedLinesAreCounted() throws IOException {
        RunFolder run = folder("run").config("r").metrics(1, (step, metrics) -> metrics);
        Path metrics = run.path().resolve("metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics) + "x\n".repeat(1000));
        List<String> notes = report(run).find("//ul[@class='notes']/li");
        assertEquals(6, notes.size());
        assertEquals("995 more damaged lines were left out.", notes.get(5));
    }

    @ParameterizedTest
    @CsvSource({"'name: [', config.yaml", "'name: x', config.yaml"})
    void aDamagedConfigurationIsNoted(String text, String file) throws IOException {
        List<String> notes = report(folder("run").metrics(1, (step, metrics) -> metrics).file(file, text))
                .find("//ul[@class='notes']/li");
        assertTrue(notes.get(0).startsWith("config.yaml was left out: "), notes.toString());
    }

    @Test
    void theModelsOwnConfigurationStandsInForTheRuns() throws IOException {
        Html page = report(folder("run").metrics(1, (step, metrics) -> metrics).file("model/config.json", """
                {"model_type": "olmoe", "vocab_size": 257, "hidden_size": 64, "intermediate_size": 32, "num_hidden_layers": 2,
                 "num_attention_heads": 4, "num_experts": 8, "num_experts_per_tok": 2, "max_position_embeddings": 128,
                 "attention_pattern": "gapped", "layout_length": 128}
                """));
        assertEquals(List.of("gapped"), page.fact("attention"));
        assertEquals(List.of("2 of 8, width 32"), page.fact("experts"));
    }

    @Test
    void aLongRunOfALargeModelStaysSmallAndKeepsItsSpikes() throws IOException {
        int steps = 100_000;
        RunData data = RunData.read(folder("run").config("r", "model.attention_pattern=bigbird", "data.sequence_length=4096",
                "training.steps=" + steps, "model.num_hidden_layers=16", "model.num_experts=64").path());
        long[][] load = IntStream.range(0, 16).mapToObj(layer -> IntStream.range(0, 64).mapToLong(x -> x + layer).toArray())
                .toArray(long[][]::new);
        for (int step = 1; step <= steps; step++) {
            var metrics = RunFolder.step(step).setGradientNorm(step == 77_777 ? 123_456 : 1 + step % 7);
            data.add((step % 20 == 0 ? metrics.optExpertLoad(load).optValidationLoss(3) : metrics).build());
        }
        String page = RunReport.render(List.of(data));
        assertTrue(page.length() < 2_000_000, "length " + page.length());
        assertTrue(Html.parse(page).find("//figure[figcaption='Gradient norm']/svg//text").contains("100k"), "the spike is there");
    }

    @Test
    void severalRunsShareChartsAndATable() throws IOException {
        Html page = report(wholeRun("one", "first"), wholeRun("two", "second", "model.attention_pattern=causal"),
                folder("three").metrics(1, (step, metrics) -> metrics));
        assertEquals(List.of("Comparison of 3 runs"), page.find("//h1"));
        assertEquals(List.of("first", "second", "three"), page.find("//thead//th[position() > 1]"));
        assertEquals(List.of("sp", "causal", ""), page.fact("attention"));
        assertEquals(List.of("100 of 300", "100 of 300", "1"), page.fact("steps"));
        for (String chart : List.of("Training loss over tokens", "Training loss over time", "Gradient norm",
                "Throughput")) {
            assertEquals(3, page.lines(chart).size(), chart);
            assertEquals(List.of("first", "second", "three"), page.find("//figure[figcaption='" + chart + "']/ul/li/span"));
        }
        assertEquals(2, page.find("//figure[starts-with(figcaption, 'Load of each expert')]").size());
        assertEquals(2, page.find("//figure[starts-with(figcaption, 'What each head sees')]").size());
        assertEquals(List.of("three: There is no config.yaml: what was trained is not known."),
                page.find("//ul[@class='notes']/li"));
    }

    @Test
    void differentVocabulariesAreNotComparedWithoutAWord() throws IOException {
        RunFolder bytes = folder("one").config("bytes", "model.vocab_size=257").metrics(2, (step, metrics) -> metrics);
        RunFolder words = folder("two").config("words", "model.vocab_size=8192").metrics(2, (step, metrics) -> metrics);
        String note = "//section[h2='Loss']/ul/li[starts-with(., \"The runs' vocabularies differ\")]";
        assertTrue(report(bytes, words).find(note).get(0).contains("(bytes: 257 tokens, words: 8,192 tokens): a token is not the same amount"));
        assertEquals(List.of(), report(bytes, bytes).find(note));
        bytes.file("model/tokenizer.json", "{}");
        RunFolder others = folder("three").config("others", "model.vocab_size=257").metrics(2, (step, metrics) -> metrics);
        assertEquals(List.of(), report(bytes, others).find(note), "an unfinished run's tokenizer is not known");
        others.file("model/tokenizer.json", "{\"a\": 1}");
        assertEquals(1, report(bytes, others).find(note).size());
    }

    @Test
    void everyFigureSaysWhatToSeeAndNoneIsAHole() throws IOException {
        RunFolder one = wholeRun("one", "a");
        for (Html page : List.of(report(one), report(one, wholeRun("two", "b")))) {
            assertEquals(List.of(), page.find("//figure[not(@class='mask')][not(p[@class='see'])]"));
            assertEquals(List.of(), page.find("//div[@class='charts']/*[not(self::figure)]"));
            assertEquals(1, page.find("//p[starts-with(., 'Model-FLOP utilisation is unknown')]").size());
        }
    }

    @Test
    void linesAreToldApartWithoutColoursAndPointsTakeTheFocus() throws IOException {
        Html page = report(wholeRun("one", "a"), wholeRun("two", "b"), wholeRun("three", "c"));
        assertEquals(List.of("line ink0", "line dashed ink1", "line dotted ink2"),
                page.find("//figure[figcaption='Gradient norm']/svg/path[starts-with(@class, 'line')]/@class"));
        List<String> labels = page.find("//figure[figcaption='Validation loss over tokens']/svg//use[@tabindex='0']/following-sibling::*[1]");
        assertEquals(12, labels.size());
        assertEquals("a at 51.2k tokens: 6 nats per token", labels.get(0));
        assertEquals(List.of(), page.find("//svg[@role='img']//*[@tabindex]"), "an image hides what is in it");
    }

    @Test
    void aRunWithoutAMeasurementIsNamed() throws IOException {
        Html page = report(wholeRun("one", "a"), folder("two").config("b").metrics(9, (step, metrics) -> metrics));
        assertEquals(List.of("a"), page.find("//figure[figcaption='Memory']/ul/li/span"));
        assertTrue(page.find("//figure[figcaption='Memory']/p").get(0).endsWith("Not measured in b."));
    }

    @Test
    void runsOfTheSameNameAreToldApart() throws IOException {
        RunFolder one = folder("one").config("same").metrics(2, (step, metrics) -> metrics);
        RunFolder two = folder("two").config("same").metrics(2, (step, metrics) -> metrics);
        Html page = report(one, two, two);
        assertEquals(List.of("same (one)", "same (two)", "same (two, 2)"), page.find("//thead//th[position() > 1]"));
        assertEquals(1, page.find("//figure[starts-with(figcaption, 'What each head sees')]").size(), "they share a drawing");
    }

    @Test
    void manyRunsStaySmall() throws IOException {
        RunFolder run = wholeRun("run", "r");
        RunFolder[] runs = IntStream.range(0, 40).mapToObj(i -> run).toArray(RunFolder[]::new);
        assertTrue(report(runs).text().length() < 2_000_000);
    }

    @Test
    void foldersWithoutARunAreRefused() throws IOException {
        RunFolder empty = folder("empty");
        Path page = temporary.resolve("page.html");
        assertEquals(empty.path() + " holds no metrics.jsonl: name the folder of a run, as train and quickstart write it",
                assertThrows(InvalidInputException.class, () -> RunReport.write(List.of(empty.path()), page)).getMessage());
        empty.file("metrics.jsonl", "{\"step\":");
        assertEquals(empty.path().resolve("metrics.jsonl")
                + " holds no whole step: wait for the run's first step, or name another run",
                assertThrows(InvalidInputException.class, () -> RunReport.write(List.of(empty.path()), page)).getMessage());
        empty.file("failure.txt", "no memory\n");
        assertEquals(empty.path() + " failed before its first step was done: no memory",
                assertThrows(InvalidInputException.class, () -> RunReport.write(List.of(empty.path()), page)).getMessage());
        assertFalse(Files.exists(page));
    }

    @Test
    void aFolderAsOutputIsRefused() throws IOException {
        RunFolder run = folder("run").metrics(1, (step, metrics) -> metrics);
        assertEquals(temporary + " is a folder: --output must name a file, for example " + temporary.resolve("report.html"),
                assertThrows(InvalidInputException.class, () -> RunReport.write(List.of(run.path()), temporary)).getMessage());
    }
}
