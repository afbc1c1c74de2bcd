package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

class DirectScorerTest {

    @Test
    void scoresComeInTheOrderOfTheRequests() {
        List<TargetTokens> questions = SmallModel.questions(20, 3);
        try (SmallModel small = new SmallModel(StandardPattern.SP, LayoutLength.of(256))) {
            LogLikelihoods model = new LogLikelihoods(small.model(), small.manager(), 100, true);
            double[] scores = TinyEval.values(new DirectScorer(model, Part.WHOLE, () -> false).score("", questions));
            assertArrayEquals(small.score(questions, 100, true), scores);
            assertEquals(List.of(), new DirectScorer(model, Part.WHOLE, () -> false).score("", List.of()));
        }
    }

    @Test
    void endsAfterTheBatchInWhichItIsAskedTo() {
        List<TargetTokens> questions = SmallModel.questions(20, 3);
        try (SmallModel small = new SmallModel(StandardPattern.SP, LayoutLength.of(256))) {
            LogLikelihoods model = new LogLikelihoods(small.model(), small.manager(), 100, true);
            int[] asked = {0};
            assertThrows(CancellationException.class,
                    () -> new DirectScorer(model, Part.WHOLE, () -> ++asked[0] == 2).score("", questions));
            assertEquals(2, asked[0]);
        }
    }
}
