package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Memory through which the gradients of matrices pass: groups take turns in two windows, so that one can be read while the next is written.
 * An embedding that is the output matrix, too, to which a pass adds from its beginning to its end, has a third one. A group's window reaches up
 * to the next multiple of the cut, where the beginning of the group behind it has room.
 */
public final class GradientWindows {

    private static final int TURNS = 2;

    private final NDManager manager;
    private final List<GradientGroup> groups;
    private final long cut;
    private List<NDArray> memory;
    private List<Region> regions;

    GradientWindows(NDManager manager, List<GradientGroup> groups, long cut) {
        this.manager = manager;
        this.groups = groups;
        this.cut = cut;
    }

    /** How many elements all windows of some groups have. */
    static long elements(List<GradientGroup> groups, long cut) {
        return Arrays.stream(sizes(groups, cut)).sum();
    }

    private static long[] sizes(List<GradientGroup> groups, long cut) {
        long[] sizes = new long[groups.stream().mapToInt(group -> number(groups, group)).max().orElse(0) + 1];
        for (GradientGroup group : groups) {
            int number = number(groups, group);
            sizes[number] = Math.max(sizes[number], FlatWeights.roundUp(group.end(), cut) - group.begin());
        }
        return sizes;
    }

    private static int number(List<GradientGroup> groups, GradientGroup group) {
        int turn = groups.indexOf(group);
        return group.isBegunForward() && turn > 0 ? TURNS : turn % TURNS;
    }

    /**
     * Which window a group has.
     *
     * @param group the group
     * @return its number, from 0 to 2
     */
    public int number(GradientGroup group) {
        return number(groups, group);
    }

    /**
     * Some of a group's window.
     *
     * @param group the group
     * @param begin the first element among all matrices, not before the group's
     * @param end the element after the last, not after the next multiple of the cut behind the group
     * @return [end - begin], float32: a view, which the caller closes
     */
    public NDArray part(GradientGroup group, long begin, long end) {
        take();
        return memory.get(number(group)).get(new NDIndex("{}:{}", begin - group.begin(), end - group.begin()));
    }

    /**
     * Some of a group's window.
     *
     * @param group the group
     * @param begin the first element among all matrices, likewise
     * @param end the element after the last, likewise
     * @return [end - begin], float32
     */
    public Tensor tensor(GradientGroup group, long begin, long end) {
        return tensor(group, begin, new long[] {end - begin});
    }

    private Tensor tensor(GradientGroup group, long begin, long[] sizes) {
        take();
        return Tensor.dense(regions.get(number(group)), begin - group.begin(), Type.FLOAT32, sizes);
    }

    /** The gradient that begins at an element. */
    Tensor gradient(long place, long... sizes) {
        GradientGroup group = groups.stream().filter(each -> each.begin() <= place && place < each.end()).findFirst().orElseThrow();
        return tensor(group, place, sizes);
    }

    /** Their memory is taken when it is first asked for, as that of other gradients is. */
    private void take() {
        if (memory == null) {
            memory = new ArrayList<>();
            regions = new ArrayList<>();
            for (long size : sizes(groups, cut)) {
                NDArray window = manager.zeros(new Shape(size));
                regions.add(Region.fixed("window " + memory.size() + " of gradients", TorchTensors.address(window), Float.BYTES * size));
                memory.add(window);
            }
        }
    }
}
