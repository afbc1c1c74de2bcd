package ai.spattention.train.study.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.measure.WindowMeans;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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
        String second = Files.readString(file);
        String counts = String.join(",", Collections.nCopies(16, "64"));
        String first = second.replace("\"format_version\":2", "\"format_version\":1").replace("\"n\":64,", "\"n\":[" + counts + "],");
        Files.writeString(file, first);
        assertEquals(study, ResultFiles.readStudy(file));
        assertTrue(second.length() < first.length());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'\"format_version\":2'       | '\"format_version\":3'  | has format version 3, this program reads versions 1 to 2",
        "'\"format_version\":2,'      | ''                      | has format version none",
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
