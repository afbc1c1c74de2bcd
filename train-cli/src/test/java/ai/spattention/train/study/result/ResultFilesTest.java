package ai.spattention.train.study.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.measure.WindowMeans;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResultFilesTest {

    @TempDir
    Path temporary;

    private final StudyResult study = Studies.of(Map.of("causal", 0.0));

    @Test
    void whatWasWrittenIsRead() throws IOException {
        Path file = temporary.resolve("run").resolve(RunResult.FILE_NAME);
        ResultFiles.write(file, study.runs().get(0));
        assertEquals(study.runs().get(0), ResultFiles.readRun(file));
        Path whole = temporary.resolve(StudyResult.FILE_NAME);
        ResultFiles.write(whole, study);
        assertEquals(study, ResultFiles.readStudy(whole));
        try (Stream<Path> files = Files.list(temporary)) {
            assertEquals(List.of("run", "study.json"), files.map(path -> path.getFileName().toString()).sorted().toList());
        }
    }

    /** Version 1 wrote a count for each window. */
    @Test
    void whatTheFirstVersionWroteIsRead() throws IOException {
        Path file = temporary.resolve("study.json");
        ResultFiles.write(file, study);
        String third = Files.readString(file);
        String counts = String.join(",", Collections.nCopies(16, "64"));
        String first = third.replaceAll("\"format_version\":[23]", "\"format_version\":1").replace("\"n\":64,", "\"n\":[" + counts + "],");
        Files.writeString(file, first);
        assertEquals(study, ResultFiles.readStudy(file));
        assertTrue(third.length() < first.length());
    }

    /** The study with its runs as they were measured: with many windows, which a study merges. */
    private List<RunResult> withManyWindows() {
        return study.runs().stream().map(run -> {
            Random random = new Random(run.name().hashCode());
            Bin bin = Bin.of("all", 0, 0, Stream.generate(() -> Moments.of(random.nextDouble(), random.nextDouble())).limit(300).toList());
            return new RunResult(RunResult.VERSION, run.part(), run.arm(), run.seed(), run.configurationDigest(), run.dataDigest(), run.steps(),
                    run.tokens(), run.totalParams(), run.activeParams(), Map.of("validation", new HeldOutLoss(bin.moments(), 9, bin.windows())),
                    List.of(new Measurement("p", "fixed", "validation", "nats", true, List.of(bin))), run.curve(), 5, run.device());
        }).toList();
    }

    private StudyResult with(List<RunResult> runs) {
        return new StudyResult(StudyResult.VERSION, study.name(), study.configuration(), study.arms(), study.reference(), study.margin(),
                study.parts(), study.sets(), study.probes(), study.trainingLength(), study.speedUps(), study.deviations(), study.dataDigests(),
                study.commit(), study.device(), runs);
    }

    @Test
    void aStudyHasBlocksOfWindowsAndTheExactSums() {
        RunResult whole = withManyWindows().get(0);
        RunResult kept = with(withManyWindows()).runs().get(0);
        Bin bin = kept.probes().get(0).bins().get(0);
        assertEquals(38, bin.windows().size(), "8 windows each, and 4 in the last one");
        assertEquals(2 * 8, bin.windows().n().get(0));
        assertEquals(2 * 4, bin.windows().n().get(37));
        assertEquals(whole.probes().get(0).bins().get(0).moments(), bin.moments());
        assertEquals(whole.heldOut().get("validation").nats(), kept.heldOut().get("validation").nats());
        assertEquals(bin.windows(), kept.heldOut().get("validation").windows());
        assertTrue(bin.windows().mean().stream().allMatch(mean -> new BigDecimal(mean.toString()).precision() <= 4), bin.windows().toString());
    }

    @Test
    void runsThatArePutBackGiveTheSameStudy() throws IOException {
        Path first = temporary.resolve("first.json");
        ResultFiles.write(first, with(withManyWindows()));
        JsonNode runs = new ObjectMapper().readTree(first.toFile()).get("runs");
        List<RunResult> back = new ArrayList<>();
        for (JsonNode run : runs) { // an entry as it stands there, by whatever means
            Path file = temporary.resolve(RunResult.FILE_NAME);
            Files.writeString(file, run.toString());
            back.add(ResultFiles.readRun(file));
        }
        Path second = temporary.resolve("second.json");
        ResultFiles.write(second, with(back));
        assertEquals(Files.readString(first), Files.readString(second));
        back.set(0, withManyWindows().get(0)); // one that is measured anew beside those that were put back
        ResultFiles.write(second, with(back));
        assertEquals(Files.readString(first), Files.readString(second));
    }

    /** Version 2 had all windows. */
    @Test
    void whatTheSecondVersionWroteIsReadAndMerged() throws IOException {
        Path run = temporary.resolve("run.json");
        Path file = temporary.resolve("study.json");
        ResultFiles.write(file, with(withManyWindows()));
        ObjectMapper json = new ObjectMapper();
        ObjectNode second = (ObjectNode) json.readTree(file.toFile());
        second.put("format_version", 2);
        ArrayNode runs = second.putArray("runs");
        for (RunResult whole : withManyWindows()) {
            ResultFiles.write(run, whole);
            runs.add(json.readTree(run.toFile()));
        }
        Files.writeString(file, second.toString());
        assertEquals(with(withManyWindows()), ResultFiles.readStudy(file));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'\"format_version\":3'       | '\"format_version\":4'  | has format version 4, this program reads versions 1 to 3",
        "'\"format_version\":3,'      | ''                      | has format version none",
        "'\"margin\":0.01'            | '\"margin\":0'          | the margin must be above 0 nats a token (got 0.0)",
        "'\"reference\":\"causal\"'   | '\"reference\":\"x\"'   | the reference 'x' is none of the arms [causal]",
        "'\"seed\":2'                 | '\"seed\":1'            | two runs are of one part, arm and seed",
        "'\"seed\":2'                 | '\"seed\":\"two\"'      | is damaged",
        "'\"training_length\":2048,'  | ''                      | training_length",
        "'}'                          | ''                      | is damaged"})
    void whatCannotBeIsRefusedInOneLine(String from, String to, String problem) throws IOException {
        Path file = temporary.resolve("study.json");
        ResultFiles.write(file, study);
        Files.writeString(file, Files.readString(file).replace(from, to));
        InvalidInputException refusal = assertThrows(InvalidInputException.class, () -> ResultFiles.readStudy(file));
        assertTrue(refusal.getMessage().contains(problem), refusal.getMessage());
        assertTrue(refusal.getMessage().startsWith(file.toString()), refusal.getMessage());
        assertFalse(refusal.getMessage().contains("\n"), refusal.getMessage());
    }

    @Test
    void aRunThatDivergedHasNoResult() {
        assertThrows(IllegalArgumentException.class, () -> new HeldOutLoss(Moments.of(Double.NaN), 1, WindowMeans.NONE));
        assertThrows(IllegalArgumentException.class, () -> new HeldOutLoss(Moments.NONE, 1, WindowMeans.NONE));
    }

    @Test
    void theTableHasALineARunAndQuotesWhatItMust() {
        List<String> lines = RunTable.render(study).lines().toList();
        assertEquals(1 + 5, lines.size());
        assertTrue(lines.get(0).startsWith("part,arm,seed,steps,tokens,total_params,active_params,tokens_per_second,device,"
                + "validation_nats_per_token,validation_bits_per_byte,validation_tokens,code_"), lines.get(0));
        assertTrue(lines.get(1).startsWith("breadth,causal,1,300,19660800,90000000,16000000,250000.0,a test's machine,3."), lines.get(1));
        StudyResult hostile = Studies.of(Map.of("a,\"b\"", 0.0));
        assertTrue(RunTable.render(hostile).contains("\r\nbreadth,\"a,\"\"b\"\"\",1,300,"));
    }

    @Test
    void bitsAByteFollowFromNats() {
        HeldOutLoss loss = new HeldOutLoss(Moments.of(2, 4), 4, WindowMeans.NONE);
        assertEquals(3, loss.natsPerToken());
        assertEquals(6 / Math.log(2) / 4, loss.bitsPerByte(), 1e-12);
    }
}
