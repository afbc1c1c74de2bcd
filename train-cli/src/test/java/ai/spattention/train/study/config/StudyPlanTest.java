package ai.spattention.train.study.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.config.ConfigSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyPlanTest {

    @TempDir
    private Path folder;

    private StudyPlan plan(String text) {
        try {
            ConfigSource source = ConfigSource.file(Files.writeString(folder.resolve("study.yaml"), text));
            return StudyPlan.of(source, StudyConfigReader.read(source));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String refusal(String text) {
        return assertThrows(InvalidInputException.class, () -> plan(text)).getMessage().replace(folder + "/", "");
    }

    @Test
    void goesPartByPartSeedBySeedArmByArm() {
        StudyPlan plan = plan(StudyConfigReaderTest.SOUND);
        assertEquals(List.of("breadth causal seed 1", "breadth sp seed 1", "breadth mixed seed 1", "breadth causal seed 2", "breadth sp seed 2",
                "breadth mixed seed 2", "depth causal seed 7", "depth sp seed 7"), plan.runs().stream().map(PlannedRun::name).toList());
        PlannedRun last = plan.runs().get(7);
        assertEquals(List.of(7L, 60L, 4L, "data", "sp"), List.of(last.config().seed(), (long) last.config().training().steps(),
                (long) last.config().training().microBatch(), last.config().data().path(), last.config().model().patterns().toString()));
        assertEquals(Path.of("out/runs/depth/sp/seed-7"), last.folder(Path.of("out")));
        assertEquals(6, last.config().schedule().warmupSteps());
        assertEquals(60 * 4, plan.mostSequences());
        assertEquals(256, plan.trainingLength());
    }

    @Test
    void digestsTellConfigurationsApartButNotWhereTheyRun() {
        StudyPlan plan = plan(StudyConfigReaderTest.SOUND);
        assertEquals(8, plan.runs().stream().map(PlannedRun::digest).distinct().count());
        StudyPlan elsewhere = plan(StudyConfigReaderTest.SOUND.replace("data: data", "data: other/place").replace("name: small", "name: other"));
        assertEquals(plan.runs().get(0).digest(), elsewhere.runs().get(0).digest());
        StudyPlan other = plan(StudyConfigReaderTest.SOUND.replace("micro_batch: 4", "micro_batch: 8"));
        assertNotEquals(plan.runs().get(0).digest(), other.runs().get(0).digest());
    }

    @Test
    void knowsPairsAndBandEdgesOfItsArms() {
        StudyPlan plan = plan(StudyConfigReaderTest.SOUND);
        assertEquals(1, plan.arms().get(0).pairs());
        assertEquals(List.of(), plan.arms().get(0).bandEdges());
        double sp = (double) StandardPattern.SP.allowedPairs(6, 256, 256) / StandardPattern.CAUSAL.allowedPairs(6, 256, 256);
        assertEquals(sp, plan.arms().get(1).pairs(), 1e-12);
        assertEquals((1 + sp) / 2, plan.arms().get(2).pairs(), 1e-12, "layers by turns");
        assertTrue(plan.arms().get(1).bandEdges().containsAll(List.of(43, 44, 86, 129, 172, 214)), plan.arms().get(1).bandEdges().toString());
    }

    @Test
    void refusesUnknownKeysTwinsAndArmsThatLearnFromOtherTokens() {
        assertEquals("study.yaml: arms.sp: model.attention_patern=sp: unknown key 'model.attention_patern': did you mean"
                + " model.attention_pattern?",
                refusal(StudyConfigReaderTest.SOUND.replace("window, model.attention_pattern", "window, model.attention_patern")));
        assertEquals("study.yaml: the arms 'causal' and 'sp' have one configuration: change a setting of one, or leave one out",
                refusal(StudyConfigReaderTest.SOUND.replace("window, model.attention_pattern: sp", "window, model.attention_pattern: causal")));
        assertEquals("study.yaml: the arms 'causal' and 'sp' must learn from the same sequences (got 1024 tokens a step in sequences of 256,"
                + " and 512 in sequences of 256)", refusal(StudyConfigReaderTest.SOUND.replace("window, model",
                "window, training.micro_batch: 2, model")));
        assertTrue(refusal(StudyConfigReaderTest.SOUND.replace("base: quickstart", "base: quickstrat")).startsWith("unknown preset 'quickstrat'"));
    }

    @Test
    void aRefusalNamesThePlaceInTheStudy() {
        assertTrue(refusal(StudyConfigReaderTest.SOUND.replace("micro_batch: 4", "micro_batch: 0"))
                .startsWith("study.yaml: settings: training.micro_batch=0: "));
        assertTrue(refusal(StudyConfigReaderTest.SOUND.replace("schedule.warmup_steps: 6", "schedule.warmup_steps: 61"))
                .startsWith("study.yaml: parts.depth.settings: schedule.warmup_steps=61: "));
        assertTrue(refusal(StudyConfigReaderTest.SOUND.replace("probes: [", "probes: [tasks, "))
                .startsWith("study.yaml: probes: validation.probes=[loss, tasks, "));
    }

    @Test
    void theStudiesThatComeWithTheProjectCanBePlanned() {
        for (String name : List.of("study-paper", "study-laptop")) {
            ConfigSource source = ConfigSource.file(Path.of("..", "config", name + ".yaml"));
            StudyPlan plan = StudyPlan.of(source, StudyConfigReader.read(source));
            assertEquals(name.equals("study-paper") ? 10 * 3 + 4 * 2 + 4 : 3 * 3 + 3, plan.runs().size());
            for (PlannedRun run : plan.runs()) {
                assertEquals(run.config().training().steps() / 10, run.config().schedule().warmupSteps(), run.name());
            }
        }
    }

    @Test
    void theBaseMayBeAFileBesideTheStudy() throws IOException {
        Files.writeString(folder.resolve("own.yaml"), "extends: quickstart\nname: own\nmodel: {num_experts: 4}\n");
        assertEquals(4, plan(StudyConfigReaderTest.SOUND.replace("base: quickstart", "base: own.yaml")).runs().get(0).config().model().numExperts());
    }
}
