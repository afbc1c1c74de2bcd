package ai.spattention.eval.score;

/**
 * A question to a model: how likely is a continuation after a context?
 *
 * @param name what the request is called in messages, for example {@code arc_easy document 3 choice 0}
 * @param group requests with the same number come from one question and often share their beginning
 * @param context the context
 * @param continuation the continuation, delimiter included
 */
public record LogLikelihoodRequest(String name, long group, String context, String continuation) {}
