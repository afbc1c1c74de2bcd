package ai.spattention.train.study.result;

/**
 * A point of a run's loss curve.
 *
 * @param tokens tokens learnt from so far
 * @param loss training loss in nats a token, the mean since the point before
 */
public record CurvePoint(long tokens, double loss) {}
