package ai.spattention.train.study.statistics;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The difference between two arms in nats a token: above 0 where the arm is worse than the other.
 *
 * @param arm the arm
 * @param other what it is compared with
 * @param estimate value of the arm less value of the other, the mean over seeds
 * @param degreesOfFreedom of the standard error; 0 where nothing is known of it
 * @param standardError the estimate's standard error; empty without degrees of freedom, and so are the intervals
 * @param interval95 holds the difference in 95 of 100 studies
 * @param interval90 holds it in 90 of 100: the equivalence test's
 * @param p the probability of such an estimate, or one further from 0, if the arms are alike (two-sided t test); 1 without degrees of
 *     freedom
 */
public record Difference(String arm, String other, double estimate, int degreesOfFreedom, OptionalDouble standardError,
        Optional<Interval> interval95, Optional<Interval> interval90, double p) {}
