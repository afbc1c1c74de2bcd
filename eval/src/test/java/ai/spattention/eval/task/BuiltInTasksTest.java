package ai.spattention.eval.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Row;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The prompts that a task's file makes, against those of lm-evaluation-harness written out. */
class BuiltInTasksTest {

    private static final TaskCatalog CATALOG = new TaskCatalog();

    @SuppressWarnings("unchecked")
    private static Row row(String json) throws IOException {
        return new Row(Path.of("rows.jsonl"), 7, new ObjectMapper().readValue(json.replace('\'', '"'), Map.class));
    }

    private static TaskRows task(String name) throws IOException {
        return new TaskRows(CATALOG.find(name).tasks().get(0), List.of(), false, 0);
    }

    private static Question question(String name, String json) throws IOException {
        return task(name).question(row(json));
    }

    private static void assertQuestion(Question question, String context, int gold, String... continuations) {
        assertEquals(List.of(continuations), question.choices().stream().map(Question.Choice::continuation).toList());
        question.choices().forEach(choice -> assertEquals(context, choice.context()));
        assertEquals(gold, question.gold());
    }

    @Test
    void arc() throws IOException {
        String json = "{'question':'Why?','choices':{'text':['Yes','No'],'label':['1','2']},'answerKey':'2'}";
        assertQuestion(question("arc_easy", json), "Question: Why?\nAnswer:", 1, " Yes", " No");
        assertQuestion(question("arc_challenge", json), "Question: Why?\nAnswer:", 1, " Yes", " No");
    }

    @Test
    void hellaswag() throws IOException {
        Question question = question("hellaswag", "{'activity_label':'Cooking','ctx_a':'A man [step] stands.',"
                + "'ctx_b':'then HE','endings':['sits [x]down.','runs [title] Off.'],'label':'1'}");
        assertQuestion(question, "Cooking: A man stands. Then he", 1, " sits down.", " runs. Off.");
        assertEquals("runs. Off.", question.choices().get(1).text());
    }

    @Test
    void piqa() throws IOException {
        assertQuestion(question("piqa", "{'goal':'Do it','sol1':'a','sol2':'b','label':0}"), "Question: Do it\nAnswer:", 0,
                " a", " b");
    }

    @Test
    void winogrande() throws IOException {
        Question question = question("winogrande",
                "{'sentence':'Sarah met Maria so _ always  won.','option1':'Sarah','option2':'Maria','answer':'2'}");
        assertEquals(List.of("Sarah met Maria so Sarah", "Sarah met Maria so Maria"),
                question.choices().stream().map(Question.Choice::context).toList());
        assertEquals(List.of(" always  won.", " always  won."),
                question.choices().stream().map(Question.Choice::continuation).toList());
        assertEquals(1, question.gold());
    }

    @Test
    void openbookqa() throws IOException {
        assertQuestion(question("openbookqa",
                "{'question_stem':'The sun is','choices':{'text':['hot','cold'],'label':['A','B']},'answerKey':'A'}"),
                "The sun is", 0, " hot", " cold");
    }

    @Test
    void boolqOfBothSources() throws IOException {
        String context = "Ice is cold.\nQuestion: is ice cold?\nAnswer:";
        String json = "{'passage':'Ice is cold.','question':'is ice cold',%s}";
        assertQuestion(question("boolq", json.formatted("'answer':true")), context, 1, " no", " yes");
        assertQuestion(question("boolq", json.formatted("'answer':false")), context, 0, " no", " yes");
        assertQuestion(question("boolq", json.formatted("'label':1")), context, 1, " no", " yes");
    }

    @Test
    void sciqLeavesAnEmptySupportsNewline() throws IOException {
        String json = "{'support':'%s','question':'Who?','distractor1':'a','distractor2':'b','distractor3':'c','correct_answer':'d'}";
        assertQuestion(question("sciq", json.formatted("  Text. ")), "Text. \nQuestion: Who?\nAnswer:", 3, " a", " b", " c", " d");
        assertQuestion(question("sciq", json.formatted("")), "\nQuestion: Who?\nAnswer:", 3, " a", " b", " c", " d");
    }

    @Test
    void copaHasTwoSpaces() throws IOException {
        String json = "{'premise':'It rained.','choice1':'The street was wet.','choice2':'I ran.','question':'%s','label':1}";
        assertQuestion(question("copa", json.formatted("cause")), "It rained because", 1, "  the street was wet.", "  i ran.");
        assertQuestion(question("copa", json.formatted("effect")), "It rained therefore", 1, "  the street was wet.", "  i ran.");
    }

    @Test
    void socialIqa() throws IOException {
        assertQuestion(question("social_iqa",
                "{'context':'He ran.','question':'Why?','answerA':'x','answerB':'y','answerC':'z','label':'3\\n'}"),
                "Q: He ran. Why?\nA:", 2, " x", " y", " z");
    }

    @Test
    void commonsenseQa() throws IOException {
        assertQuestion(question("commonsense_qa",
                "{'question':' Where? ','choices':{'label':['A','B','C','D','E'],'text':['v','w','x','y','z']},'answerKey':'E'}"),
                "Question: Where?\nA. v\nB. w\nC. x\nD. y\nE. z\nAnswer:", 4, " A", " B", " C", " D", " E");
    }

    @Test
    void mmlu() throws IOException {
        String json = "{'question':' What? ','choices':['k','l','m','n'],'answer':2,'subject':'us_history'}";
        assertQuestion(question("mmlu_high_school_us_history", json), "The following are multiple choice questions (with answers)"
                + " about high school us history.\n\nWhat?\nA. k\nB. l\nC. m\nD. n\nAnswer:", 2, " A", " B", " C", " D");
        assertQuestion(question("mmlu_continuation_anatomy", json), "The following are questions (with answers) about anatomy.\n\n"
                + "Question: What?\nAnswer:", 2, " k", " l", " m", " n");
    }

    @Test
    void mmluShotsAreTheFirstOfDev() throws IOException {
        TaskSpec spec = CATALOG.find("mmlu_anatomy").tasks().get(0);
        List<Row> dev = List.of(row("{'question':'q1','choices':['a','b','c','d'],'answer':0}"),
                row("{'question':'q2','choices':['a','b','c','d'],'answer':3}"),
                row("{'question':'q3','choices':['a','b','c','d'],'answer':1}"));
        String options = "\nA. a\nB. b\nC. c\nD. d\nAnswer:";
        assertEquals("The following are multiple choice questions (with answers) about anatomy.\n\nq1" + options + " A\n\nq2"
                        + options + " D\n\nq" + options,
                new TaskRows(spec, dev, false, 2).question(row("{'question':'q','choices':['a','b','c','d'],'answer':0}"))
                        .choices().get(0).context());
    }

    @Test
    void mmluIsAllSubjectsAndFourCategories() throws IOException {
        TaskGroup group = CATALOG.find("mmlu");
        assertEquals(57, group.tasks().size());
        assertEquals(List.of("mmlu_stem", "mmlu_humanities", "mmlu_social_sciences", "mmlu_other"),
                group.parts().stream().map(TaskGroup.Part::name).toList());
        assertEquals(13, CATALOG.find("mmlu_humanities").tasks().size());
        assertEquals("mmlu/virology", CATALOG.find("mmlu_virology").tasks().get(0).folder());
    }

    @Test
    void lambada() throws IOException {
        assertEquals(new Question.Choice("the quick  brown", " fox", " fox"),
                task("lambada").continuation(row("{'text':'the quick  brown fox'}")));
        assertEquals(new Question.Choice("", " fox", " fox"), task("lambada").continuation(row("{'text':'fox'}")));
    }

    @Test
    void wikitextCountsThePageAsItCame() throws IOException {
        Row row = row("{'page':' = Hi = \\n a @-@ b '}");
        assertEquals(" = Hi =\na-b ", task("wikitext").text(row));
        assertEquals(" = Hi = \n a @-@ b ", task("wikitext").counted(row));
    }

    @Test
    void textOfRowsIsNeverATemplateNorEscaped() throws IOException {
        assertQuestion(question("piqa", "{'goal':'{{ 1 }} <b> & {% x %}','sol1':'{# a #}','sol2':'b','label':1}"),
                "Question: {{ 1 }} <b> & {% x %}\nAnswer:", 1, " {# a #}", " b");
    }

    @Test
    void namesTheRowAndTheMissingField() {
        String message = assertThrows(InvalidInputException.class, () -> question("piqa", "{'goal':'x','sol1':'a','label':0}"))
                .getMessage();
        assertTrue(message.startsWith("rows.jsonl row 7: there is no field 'sol2'"), message);
        assertEquals("rows.jsonl row 7 has no list 'choices.text'", assertThrows(InvalidInputException.class,
                () -> question("arc_easy", "{'question':'x','choices':[],'answerKey':'A'}")).getMessage());
    }

    @Test
    void refusesARightAnswerThatIsNoChoice() {
        assertEquals("rows.jsonl row 7: the right answer 'C' is not among the 2 choices [A, B]",
                assertThrows(InvalidInputException.class, () -> question("arc_easy",
                        "{'question':'x','choices':{'text':['a','b'],'label':['A','B']},'answerKey':'C'}")).getMessage());
        assertEquals("rows.jsonl row 7: the right answer -1 is outside the 2 choices, 0 to 1",
                assertThrows(InvalidInputException.class,
                        () -> question("piqa", "{'goal':'x','sol1':'a','sol2':'b','label':-1}")).getMessage());
        assertEquals("rows.jsonl row 7: the right answer must be a choice's number from 0 to 1 (got 'x')",
                assertThrows(InvalidInputException.class,
                        () -> question("piqa", "{'goal':'x','sol1':'a','sol2':'b','label':'x'}")).getMessage());
        assertTrue(assertThrows(InvalidInputException.class, () -> question("winogrande",
                "{'sentence':'no blank','option1':'a','option2':'b','answer':'1'}")).getMessage().contains("has no '_'"));
    }

    @Test
    void suggestsATask() {
        String message = assertThrows(InvalidInputException.class, () -> CATALOG.find("arc_eazy")).getMessage();
        assertTrue(message.startsWith("unknown task 'arc_eazy' (did you mean arc_easy?): choose of arc_easy, "), message);
    }
}
