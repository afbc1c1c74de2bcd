package ai.spattention.eval.task;

import java.util.List;

/**
 * A row's choices.
 *
 * @param choices at least one
 * @param gold the index of the right one
 */
public record Question(List<Choice> choices, int gold) {

    /**
     * One choice.
     *
     * @param context what stands before it
     * @param continuation what is scored, delimiter included
     * @param text the choice itself, by whose length scores are divided
     */
    public record Choice(String context, String continuation, String text) {}

    /** The same question with a text before each context. */
    Question after(String before) {
        return new Question(choices.stream().map(each ->
                new Choice(before + each.context(), each.continuation(), each.text())).toList(), gold);
    }
}
