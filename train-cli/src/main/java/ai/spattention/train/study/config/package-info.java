/**
 * What a study is to do: the YAML file that {@code spattn study --config} reads ({@link ai.spattention.train.study.config.StudyConfig}), and the
 * runs that follow from it, in their order ({@link ai.spattention.train.study.config.StudyPlan}). Nothing here trains.
 * Begin at {@link ai.spattention.train.study.config.StudyConfig}.
 */
package ai.spattention.train.study.config;
