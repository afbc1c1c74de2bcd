package ai.spattention.train.data;

import java.util.Locale;

/** The parts of prepared data. */
public enum Split {
    /** What the model learns from. */
    TRAIN,
    /** What only measures it. */
    VALIDATION;

    /**
     * The name of the part's folder and of its entry in the manifest.
     *
     * @return the name in lower case
     */
    public String folder() {
        return name().toLowerCase(Locale.ROOT);
    }
}
