package ai.spattention.olmoe.pass;

import java.util.List;
import java.util.function.Consumer;

/**
 * What becomes of matrices' gradients while passes compute them. It is told in the order of the passes' stream, before or behind whose work it
 * may put its own.
 */
public interface GradientFlow {

    /** A step begins: there are no gradients. */
    void beginStep();

    /**
     * A pass begins.
     *
     * @return whether it adds to the gradients that stand there, or writes over them
     */
    boolean beginPass();

    /**
     * Whether it is told of the groups of the pass that runs. It is asked once its forward phase is on the stream.
     *
     * @return false if the pass's backward phase may be put on the stream as one
     */
    boolean followsGroups();

    /**
     * A group's gradients are about to be written; those that the forward phase writes to, before that.
     *
     * @param group the group
     */
    void before(GradientGroup group);

    /**
     * What computes a group's gradients is on the stream, all of it.
     *
     * @param group the group
     */
    void after(GradientGroup group);

    /**
     * Puts a pass's backward phase on the stream, group by group.
     *
     * @param groups the groups in the order in which passes complete them
     * @param stretch puts on the stream what completes a group
     */
    default void follow(List<GradientGroup> groups, Consumer<GradientGroup> stretch) {
        for (GradientGroup group : groups) {
            if (!group.isCompletedForward()) {
                if (!group.isBegunForward()) {
                    before(group);
                }
                stretch.accept(group);
            }
            after(group);
        }
    }

    /**
     * The flow where gradients stay where they are and are added up: the first pass of a step writes them, further ones add to them.
     *
     * @return a flow of its own
     */
    static GradientFlow inPlace() {
        return new GradientFlow() {

            private boolean adds;

            @Override
            public void beginStep() {
                adds = false;
            }

            @Override
            public boolean beginPass() {
                boolean first = !adds;
                adds = true;
                return !first;
            }

            @Override
            public boolean followsGroups() {
                return false;
            }

            @Override
            public void before(GradientGroup group) {
                // there is memory for all of them
            }

            @Override
            public void after(GradientGroup group) {
                // they are read at the step's end
            }
        };
    }
}
