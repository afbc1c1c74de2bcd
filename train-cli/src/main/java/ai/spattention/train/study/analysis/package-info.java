/**
 * A study's results put to the statistics: losses and their differences, bins over positions and distances, the paper's claims, and where an
 * arm pays off. Nothing is drawn here. Begin at {@link ai.spattention.train.study.analysis.LossAnalysis}.
 */
package ai.spattention.train.study.analysis;
