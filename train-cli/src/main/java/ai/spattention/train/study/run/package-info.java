/**
 * A study on its way: which runs are finished, which are still to do and on which device ({@link ai.spattention.train.study.run.Study}), in a
 * folder that another process can go on with ({@link ai.spattention.train.study.run.StudyFolder}).
 * Begin at {@link ai.spattention.train.study.run.Study}.
 */
package ai.spattention.train.study.run;
