package ai.spattention.eval;

import ai.spattention.eval.score.Score;

/**
 * A request with what the model said.
 *
 * @param task the task
 * @param docId the row's number among those that were scored, from 0 on
 * @param index the choice's number, from 0 on
 * @param context the context; empty for a whole text
 * @param continuation what was scored
 * @param score its score
 * @param gold the number of the right choice, or null where there are no choices
 */
public record Sample(String task, int docId, int index, String context, String continuation, Score score, Integer gold) {}
