package ai.spattention.train.study.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.report.chart.Html;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.result.Studies;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyPageTest {

    private static Html page;

    @TempDir
    Path temporary;

    @BeforeAll
    static void renderOnce() {
        page = render(study());
    }

    private static StudyResult study() {
        Map<String, Double> worse = new LinkedHashMap<>();
        worse.put("causal", 0.0);
        worse.put("sp", 0.05);
        worse.put("window", 0.04);
        worse.put("longformer", 0.2);
        worse.put("bigbird", -0.2);
        worse.put("exclusive", 0.0501);
        return Studies.of(worse);
    }

    private static StudyResult with(StudyResult study, Predicate<RunResult> kept) {
        return new StudyResult(study.formatVersion(), study.name(), study.configuration(), study.arms(), study.reference(), study.margin(),
                study.parts(), study.sets(), study.probes(), study.trainingLength(), study.speedUps(), study.deviations(),
                study.dataDigests(), study.commit(), study.device(), study.runs().stream().filter(kept).toList());
    }

    /** A page that can be read as XML and shows no number that is none. */
    private static Html render(StudyResult study) {
        String text = StudyPage.render(study);
        Html page = Html.parse(text);
        assertFalse(text.contains("NaN") || text.contains("Infinity") || text.contains("null") || text.contains("Optional"), "no holes");
        assertEquals(List.of(), page.find("//script | //link | //img | //iframe | //@href[not(starts-with(., '#'))] | //@src"));
        assertEquals(List.of(), page.find("//figure[not(figcaption) or not(p[@class='see'])]"), "every figure says what to see");
        return page;
    }

    private static String verdict(Html page, String claim, String part) {
        List<String> cells = page.find("//tr[th=\"" + claim + "\"][td[2]='" + part + "']/td[last()]");
        assertEquals(1, cells.size(), cells.toString());
        return cells.get(0);
    }

    @Test
    void claimsComeFirstAndSayWhatWasPutIn() {
        assertEquals("Claims", page.find("//h2").get(0));
        assertEquals("✗ does not hold: ▲ worse", verdict(page, "sp is on par with dense attention", "breadth"));
        assertEquals("✓ holds: ▼ better", verdict(page, "sp is ahead of Longformer's mask", "breadth"));
        assertEquals("✗ does not hold: ▲ worse", verdict(page, "sp is ahead of BigBird's mask", "breadth"));
        assertEquals("✗ does not hold: = equal", verdict(page, "sp is ahead of the exclusive bands alone", "breadth"));
        assertTrue(page.text().contains("Not tested here, for want of finished runs of an arm: sp is ahead of Reformer&#x27;s mask; "));
        assertTrue(page.find("//header/p").get(1).startsWith("In part breadth, of 5 claims: 1 confirmed, "), page.find("//header/p").get(1));
    }

    @Test
    void everySeedIsAPointThatTakesTheFocusAndSaysWhatItIs() {
        String figure = "//figure[starts-with(figcaption, 'Final loss of every seed: validation, part breadth')]";
        assertEquals(6 * 3, page.find(figure + "//g[starts-with(@class, 'points ')]//use[@tabindex='0' and @role='img']").size());
        assertTrue(page.find(figure + "//use/following-sibling::text").get(0).matches("causal, seed 1: \\d\\.\\d{4} nats a token"));
        List<String> names = page.find("//@aria-labelledby");
        assertEquals(names, page.find("//*[@aria-labelledby]/following-sibling::*[1][self::text]/@id"));
        assertEquals(page.find("//@id").size(), page.find("//@id").stream().distinct().count());
        assertEquals(List.of(), page.find("//svg[@role='img']//*[@tabindex]"), "an image hides what is in it");
    }

    @Test
    void distancesHaveTheEdgesOfTheArmsOwnBands() {
        String figure = "//figure[starts-with(figcaption, 'Recall, each arm less causal: validation, part breadth, layout fixed')]";
        assertEquals(5, page.find(figure + "//svg").size());
        assertEquals(3, page.find(figure + "//svg[contains(@aria-label, ': sp')]/g[@class='edges']/path").size());
        assertEquals(0, page.find(figure + "//svg[contains(@aria-label, ': window')]/g[@class='edges']/path").size());
        assertEquals(2, page.find("//details[starts-with(summary, 'The same with layout sequence')]//h3[starts-with(., 'Copying')]").size());
    }

    @Test
    void binsWithoutAnOrderHaveAChartEach() {
        String figure = "//figure[starts-with(figcaption, 'Tasks: lead of the right answer, piqa: part breadth, layout fixed')]";
        assertEquals(6 * 3, page.find(figure + "//use[@tabindex='0']").size());
        assertTrue(page.find(figure + "//text").contains("-0.0500"), page.find(figure + "//text").toString());
        assertEquals(1, page.find("//section[h2='a new <probe>']//figure[starts-with(figcaption, 'a new <probe>, all: part breadth, layout"
                + " fixed')]").size(), "what the page does not know is drawn too");
        assertFalse(page.text().contains(", empty:"), "bins without values are left out");
    }

    @Test
    void layoutsLieOverOneAnother() {
        String figure = "//figure[starts-with(figcaption, 'Loss at other lengths, by layout: validation, part breadth')]";
        assertEquals(6, page.find(figure + "/div/div[@class='panel']").size());
        assertEquals(List.of("layout fixed", "layout sequence"), page.find(figure + "/ul/li/span"));
        assertEquals(List.of("line ink0", "line dashed ink1"), page.find(figure + "//svg[contains(@aria-label, ': sp')]/path"
                + "[starts-with(@class, 'line')]/@class"));
    }

    @Test
    void theStoredStudyGivesTheSamePage() throws IOException {
        Path file = temporary.resolve(StudyResult.FILE_NAME);
        ResultFiles.write(file, study());
        assertEquals(StudyPage.render(study()), StudyPage.render(ResultFiles.readStudy(file)));
    }

    @Test
    void linesDifferInMoreThanColour() {
        List<String> looks = page.find("//figure[starts-with(figcaption, 'Training loss over tokens, part breadth')]/svg/path"
                + "[starts-with(@class, 'line')]/@class");
        assertEquals(List.of("line ink0", "line dashed ink1", "line dotted ink2", "line dash-dot ink3", "line ink4", "line dashed ink5"), looks);
    }

    @Test
    void costsAreComparedWithWhatWasMeasured() {
        // the reference gains 0.15 nats for every e times as many tokens: 0.05 nats are exp(1/3) = 1.40 times
        String needs = page.find("//section[h2='Break-even']//tr[th='sp']/td[2]").get(0);
        assertEquals(1.4, Double.parseDouble(needs), 0.06);
        assertEquals("1.40", page.find("//section[h2='Break-even']//tr[th='sp']/td[4]").get(0));
        assertEquals("speed-up not measured", page.find("//section[h2='Break-even']//tr[th='window']/td[last()]").get(0));
    }

    @Test
    void armsThatAreOneAreEqual() {
        Html other = render(Studies.of(twins()));
        assertEquals(List.of("= equal", "= equal"), other.find("//section[h2='Loss and differences']//tr[th='twin'][td[3]='0']/td[last()]")
                .subList(0, 2));
        assertEquals("0 to 0", other.find("//section[h2='Loss and differences']//tr[th='twin']/td[5]").get(0));
    }

    private static Map<String, Double> twins() {
        Map<String, Double> arms = new LinkedHashMap<>();
        arms.put("causal", 0.0);
        arms.put("twin", 0.0);
        return arms;
    }

    @Test
    void oneSeedDecidesNothingAndSaysSo() {
        Html other = render(with(study(), run -> run.seed() == 1));
        assertTrue(other.find("//ul[@class='notes']/li").contains("Part breadth, validation and code: one seed says nothing of how much seeds differ,"
                + " so no difference is decided."));
        assertEquals("? undecided", verdict(other, "sp is on par with dense attention", "breadth"));
        assertTrue(other.text().contains("not known"));
    }

    @Test
    void whatIsMissingIsNamed() {
        Html other = render(with(study(), run -> !run.arm().equals("bigbird") && !(run.arm().equals("window") && run.seed() == 3)));
        List<String> notes = other.find("//ul[@class='notes']/li");
        assertTrue(notes.contains("Not finished in part breadth: bigbird seed 1, bigbird seed 2, window seed 3, bigbird seed 3."), notes.toString());
        assertTrue(notes.contains("Part breadth, validation and code: no finished run of bigbird."), notes.toString());
        assertTrue(notes.contains("Part breadth, validation and code: some arms have no finished run of seed 3; differences use the complete seeds 1"
                + " and 2 only."), notes.toString());
        assertTrue(notes.contains("Not measured: task_bits."), notes.toString());
    }

    @Test
    void aStudyWithoutAnyRunIsAPageToo() {
        Html other = render(with(study(), run -> false));
        assertTrue(other.text().contains("No run has finished yet."));
        assertTrue(other.text().contains("0 of 24 runs have finished"));
    }

    @Test
    void withoutTheReferenceNothingIsCompared() {
        Html other = render(with(study(), run -> !run.arm().equals("causal")));
        assertTrue(other.find("//ul[@class='notes']/li").contains("Part breadth, validation and code: without a run of the reference causal nothing is"
                + " compared."));
        assertEquals("✓ holds: ▼ better", verdict(other, "sp is ahead of Longformer's mask", "breadth"), "others can be");
    }

    @Test
    void hostileTextStaysText() {
        String hostile = "</h1><script>alert('x')</script>\" onload=\"x";
        StudyResult plain = Studies.of(Map.of(hostile, 0.0));
        StudyArm arm = new StudyArm(hostile, hostile, Map.of("a", hostile), 1, List.of());
        Html other = render(new StudyResult(1, hostile, hostile, List.of(arm), hostile, 0.01, plain.parts(), plain.sets(), plain.probes(), 64,
                List.of(), List.of(hostile), Map.of(hostile, hostile), hostile, hostile, plain.runs()));
        assertEquals(List.of(hostile), other.find("//h1"));
        assertEquals(List.of(), other.find("//@onload"));
        assertEquals(List.of(hostile), other.find("//pre"));
    }

    @Test
    void thePageIsWrittenWhole() throws IOException {
        Path file = temporary.resolve("new").resolve(StudyPage.FILE_NAME);
        StudyPage.write(file, study());
        assertEquals(StudyPage.render(study()), Files.readString(file), "the same study gives the same page");
        assertTrue(Files.size(file) < 1_500_000, "size " + Files.size(file));
    }
}
