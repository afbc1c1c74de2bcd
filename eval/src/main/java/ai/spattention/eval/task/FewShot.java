package ai.spattention.eval.task;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Row;
import ai.spattention.eval.python.PythonRandom;
import java.util.List;

/**
 * Chooses the examples before each question as lm-evaluation-harness does: one generator with seed 1234 for the whole task,
 * used in the order of the rows. Where examples come from the split that is scored, one more is drawn and the row itself left
 * out. One more is drawn also for tasks that declare neither a test split nor a split for examples, for the harness compares
 * the two names and finds both absent.
 */
final class FewShot {

    private static final int SEED = 1234;

    private final TaskSpec spec;
    private final Prompts prompts;
    private final List<Row> pool;
    private final int shots;
    private final int draws;
    private final PythonRandom random = new PythonRandom(SEED);

    FewShot(TaskSpec spec, Prompts prompts, List<Row> pool, boolean ofScoredSplit, int shots) {
        this.spec = spec;
        this.prompts = prompts;
        this.pool = pool;
        this.shots = shots;
        boolean neitherDeclared = !spec.shotsSplit() && !spec.evaluate().contains("test");
        draws = ofScoredSplit || neitherDeclared ? shots + 1 : shots;
        if (shots > 0 && pool.size() < draws) {
            throw new InvalidInputException("the task '" + spec.task() + "' has " + pool.size() + " rows to take examples"
                    + " from, but " + draws + " are drawn for " + shots + " shots: lower --shots");
        }
    }

    /** The examples before a row's question, ready to stand before it. */
    String before(Row row) {
        StringBuilder text = new StringBuilder(prompts.description(row));
        if (shots > 0) {
            List<Row> drawn = spec.shotOrder() == ShotOrder.FIRST ? pool.subList(0, draws) : random.sample(pool, draws);
            drawn.stream().filter(each -> !each.fields().equals(row.fields())).limit(shots)
                    .forEach(each -> text.append(prompts.example(each)));
        }
        return text.toString();
    }
}
