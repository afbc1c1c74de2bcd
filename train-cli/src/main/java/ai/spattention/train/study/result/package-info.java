/**
 * What a study leaves in its folder: a {@code result.json} for each finished run ({@link ai.spattention.train.study.result.RunResult}),
 * and {@code study.json} ({@link ai.spattention.train.study.result.StudyResult}) with all of them, from which the statistics and the page
 * can be made again, on another machine and without the models. Both are written whole or not at all, and carry a format version.
 * Begin at {@link ai.spattention.train.study.result.StudyResult}.
 */
package ai.spattention.train.study.result;
