package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvaluationConfigTest {

    private static final EvaluationConfig DEFAULTS = new EvaluationConfig(0, "", "", 0, 0, 4096, LayoutChoice.MODEL);

    @Test
    void isOffByDefault() {
        assertEquals(DEFAULTS, ConfigFiles.load().evaluation());
        assertEquals(List.of(), DEFAULTS.taskNames());
    }

    @Test
    void everyKey() {
        EvaluationConfig changed = ConfigFiles.load(
                "evaluation.every_steps=10",
                "evaluation.tasks=arc_easy, mmlu_stem,mine.yaml,arc_easy",
                "evaluation.data=sets",
                "evaluation.limit=100",
                "evaluation.shots=5",
                "evaluation.batch_tokens=100000",
                "evaluation.layout=sequence").evaluation();
        assertEquals(new EvaluationConfig(10, "arc_easy, mmlu_stem,mine.yaml,arc_easy", "sets", 100, 5, 100_000,
                LayoutChoice.SEQUENCE), changed);
        assertEquals(List.of("arc_easy", "mmlu_stem", "mine.yaml"), changed.taskNames());
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "evaluation.every_steps=-1 | evaluation.every_steps must be at least 0 (got -1)",
            "evaluation.every_steps=5 | 'evaluation.every_steps is set, but no evaluation.tasks are: name the tasks, separated by"
                    + " commas, or set it to 0'",
            "evaluation.tasks=piqa | 'evaluation.tasks needs evaluation.data, the folder that holds the tasks'' data'",
            "evaluation.tasks=3 | evaluation.tasks must be text (got 3): put it in quotes",
            "evaluation.limit=-1 | evaluation.limit must be at least 0 and finite (got -1.0)",
            "evaluation.limit=2.5 | 'evaluation.limit must be a whole number of rows, or a fraction of them between 0 and 1 (got 2.5)'",
            "evaluation.shots=-1 | evaluation.shots must be at least 0 (got -1)",
            "evaluation.batch_tokens=0 | evaluation.batch_tokens must be at least 1 (got 0)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }

    @Test
    void aFractionIsOne() {
        assertEquals(0.1, ConfigFiles.load("evaluation.limit=0.1").evaluation().limit());
    }

    @Test
    void anUnknownTaskIsRefusedWithItsLine() {
        String message = ConfigFiles.refusal(ConfigFiles.REQUIRED + "evaluation:\n  data: sets\n  tasks: piqa, arc_esy\n");
        assertTrue(message.startsWith("run.yaml:19: evaluation.tasks: unknown task 'arc_esy' (did you mean arc_easy?)"), message);
        assertTrue(ConfigFiles.refusal(ConfigFiles.REQUIRED, "evaluation.data=sets", "evaluation.tasks=piqa,,boolq")
                .contains("unknown task ''"));
    }
}
