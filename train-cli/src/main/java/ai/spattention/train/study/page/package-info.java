/** A study as one page of HTML that needs nothing else: {@link ai.spattention.train.study.page.StudyPage}. */
package ai.spattention.train.study.page;
