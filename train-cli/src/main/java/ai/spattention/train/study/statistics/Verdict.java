package ai.spattention.train.study.statistics;

import java.util.Locale;

/** What a comparison of two arms says. */
public enum Verdict {

    /** The arm's loss is lower. */
    BETTER,
    /** The arm's loss is higher. */
    WORSE,
    /** The difference is smaller than the margin, whichever sign it has. */
    EQUAL,
    /** The study is too small to tell. */
    UNDECIDED;

    /**
     * The word for it.
     *
     * @return in lower case
     */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
