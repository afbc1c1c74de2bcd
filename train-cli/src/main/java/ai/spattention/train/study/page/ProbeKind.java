package ai.spattention.train.study.page;

import ai.spattention.train.report.chart.Scale;
import ai.spattention.train.study.result.MeasurementName;
import java.util.List;

/** What the page knows of a probe: its heading, its axis, and what to look for. */
enum ProbeKind {

    RECALL(MeasurementName.RECALL, "Recall", "distance to the earlier bigram (tokens)", Scale.LINEAR, true, "Loss of tokens that a pair of"
            + " tokens seen earlier in the window gives away, by how far back it stands. Dashed lines are the edges of the arm's bands: a"
            + " step at an edge says that too few heads reach beyond it."),
    RECALL_CONTROL(MeasurementName.RECALL_CONTROL, "Recall, control", "", Scale.LINEAR, false, "Loss of tokens whose pair was not seen earlier in"
            + " the window. Arms that differ here as much as in recall differ in general, not in recall."),
    COPY(MeasurementName.COPY, "Copying", "distance between the copies (tokens)", Scale.LOGARITHMIC, true, "Random tokens come twice: how many nats"
            + " a token the second copy saves. More is better; 0 is a model that does not copy over that distance. Dashed lines are the"
            + " edges of the arm's bands."),
    POSITION(MeasurementName.POSITION, "Position", "position in the window (tokens)", Scale.LOGARITHMIC, false, "Loss by how much text stands"
            + " before a token. Who uses far context falls further to the right."),
    LENGTH(MeasurementName.LENGTH, "Length", "length of the text (tokens)", Scale.LOGARITHMIC, false, "Loss at other lengths than the training"
            + " length, with bands laid out for the training length (fixed) or for the length at hand (sequence): a layout that was"
            + " never trained shows as a rise."),
    TASK_BITS(MeasurementName.TASK_BITS, "Tasks: bits of the right answer", "", Scale.LINEAR, false, "How surprising the right answers are, in"
            + " bits a byte; less is better. At this size likelihoods tell models apart where accuracies do not."),
    TASK_MARGIN(MeasurementName.TASK_MARGIN, "Tasks: lead of the right answer", "", Scale.LINEAR, false, "How far the right answer leads the best"
            + " wrong one; more is better."),
    TASK_ACCURACY(MeasurementName.TASK_ACCURACY, "Tasks: accuracy, a footnote", "", Scale.LINEAR, false, "The share of questions answered rightly."
            + " Its error is as large as the differences that the paper reports.");

    /** Probes as they stand on the page. */
    static final List<ProbeKind> ORDER = List.of(values());

    private final String probe;
    private final String heading;
    private final String axis;
    private final Scale scale;
    private final boolean hasEdges;
    private final String see;

    ProbeKind(String probe, String heading, String axis, Scale scale, boolean hasEdges, String see) {
        this.probe = probe;
        this.heading = heading;
        this.axis = axis;
        this.scale = scale;
        this.hasEdges = hasEdges;
        this.see = see;
    }

    String probe() {
        return probe;
    }

    String heading() {
        return heading;
    }

    /** The axis of its bins' ranges; empty for bins that have none. */
    String axis() {
        return axis;
    }

    Scale scale() {
        return scale;
    }

    /** Whether its bins are distances, at which bands begin and end. */
    boolean hasEdges() {
        return hasEdges;
    }

    /** What to look for. */
    String see() {
        return see;
    }
}
