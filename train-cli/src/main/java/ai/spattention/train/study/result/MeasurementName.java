package ai.spattention.train.study.result;

/** The names under which the page knows how to draw a probe. */
public final class MeasurementName {

    /** Loss by position in the window; bins are ranges of positions. */
    public static final String POSITION = "position";
    /** Loss of targets whose bigram stands earlier in the window, by attention distance; bins are ranges of distances. */
    public static final String RECALL = "recall";
    /** Loss of bigrams unseen in the window, the control of {@link #RECALL}: one bin. */
    public static final String RECALL_CONTROL = "recall_control";
    /** Nats that a second copy of random tokens saves, by distance; each bin a single distance. */
    public static final String COPY = "copy";
    /** Loss at other lengths than the training length; each bin a single length in tokens. */
    public static final String LENGTH = "length";
    /** Bits a byte of tasks' right answers; a bin a task. */
    public static final String TASK_BITS = "task_bits";
    /** Nats by which the right answer leads the best wrong one; a bin a task. */
    public static final String TASK_MARGIN = "task_margin";
    /** Share of questions answered rightly; a bin a task. */
    public static final String TASK_ACCURACY = "task_accuracy";

    private MeasurementName() {}
}
