package ai.spattention.train.study.statistics;

import java.util.Optional;

/**
 * How much faster an arm must be to pay off: with a loss that falls by {@code slope} nats for every e times as many tokens, an arm that
 * ends d nats higher makes up for that with r = exp(d / slope) times the tokens. It wins at equal time where a step of its own is more
 * than r times as fast as the reference's; below 1 it needs no speed-up at all.
 *
 * @param slope nats a token by which the reference's loss falls per unit of ln(tokens), above 0, taken as known
 * @param ratio r
 * @param interval95 r at the ends of the difference's 95% interval, empty where that is not known
 */
public record BreakEven(double slope, double ratio, Optional<Interval> interval95) {

    /**
     * A budget and what came of it.
     *
     * @param tokens tokens learnt from
     * @param loss the reference's final loss in nats a token
     */
    public record Budget(double tokens, double loss) {}

    /**
     * Works the ratio out.
     *
     * @param one a budget of the reference
     * @param other another one
     * @param difference the arm's loss less the reference's
     * @return the ratio, empty if both budgets are one or the larger one gives no lower loss
     */
    public static Optional<BreakEven> of(Budget one, Budget other, Difference difference) {
        double slope = (one.loss - other.loss) / Math.log(other.tokens / one.tokens);
        if (!(slope > 0) || Double.isInfinite(slope)) {
            return Optional.empty();
        }
        return Optional.of(new BreakEven(slope, Math.exp(difference.estimate() / slope), difference.interval95()
                .map(interval -> new Interval(Math.exp(interval.low() / slope), Math.exp(interval.high() / slope)))));
    }
}
