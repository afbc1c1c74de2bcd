/**
 * What a study's numbers say, and how surely: differences between arms with intervals, tests of difference and of equivalence, bins by
 * bootstrap, and the speed-up from which an arm pays off. Nothing here knows of models, files or pages. Begin at {@link
 * ai.spattention.train.study.statistics.Comparison}.
 *
 * <p>Letters: P = arms, S = seeds. Values are losses: less is better.
 */
package ai.spattention.train.study.statistics;
