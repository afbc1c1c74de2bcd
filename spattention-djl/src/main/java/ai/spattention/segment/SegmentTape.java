package ai.spattention.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.TorchScriptModule;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Cuts a computation into segments and walks the backward pass from the last to the first. Whatever crosses a cut is a leaf of
 * the engine's autograd: the results of a part are handed on as leaves that collect gradients, and the part's backward pass
 * starts from what they collected. Parameters collect theirs as usual.
 *
 * <p>Everything that a part takes from another must be among its inputs: a residual stream as well as its branch.
 *
 * <p>For one thread and one forward and backward pass at a time. A gradient collector must be open.
 */
public final class SegmentTape implements Segments, AutoCloseable {

    private static final TorchScriptModule OPERATORS = TorchScriptModule.load(SegmentTape.class, "segments.torchscript");

    private final NDManager manager;
    private final PartObserver observer;
    private final Deque<Step> steps = new ArrayDeque<>();

    /**
     * Creates an empty tape.
     *
     * @param parent the manager that owns what the tape keeps if {@link #close} is not called earlier
     */
    public SegmentTape(NDManager parent) {
        this(parent, PartObserver.NONE);
    }

    /**
     * Creates an empty tape that is watched.
     *
     * @param parent the manager that owns what the tape keeps if {@link #close} is not called earlier
     * @param observer is told when parts run
     */
    public SegmentTape(NDManager parent, PartObserver observer) {
        this.observer = observer;
        manager = parent.newSubManager();
        manager.setName("segments");
    }

    /** A part that ran, to be walked back. */
    private abstract static class Step implements AutoCloseable {

        /** Owns what is kept until the backward pass. */
        final NDManager kept;
        /** The results as the next parts see them. */
        final NDList leaves;

        Step(NDManager kept, NDList leaves) {
            this.kept = kept;
            this.leaves = handles(leaves, kept);
        }

        abstract void backward(NDArray[] gradients);

        final void backward() {
            NDArray[] gradients = new NDArray[leaves.size()];
            boolean received = false;
            for (int i = 0; i < gradients.length; i++) {
                gradients[i] = gradient(leaves.get(i));
                if (gradients[i] != null) {
                    gradients[i].attach(kept);
                    received = true;
                }
            }
            if (received) {
                backward(gradients);
            }
        }

        @Override
        public final void close() {
            kept.close();
        }
    }

    @Override
    public boolean isExplicit() {
        return true;
    }

    @Override
    public NDList run(String name, Part part, NDList inputs) {
        NDList roots = Observed.observe(observer, name, () -> part.run(Uncut.ENGINE, inputs));
        NDList leaves = new NDList();
        for (NDArray root : roots) {
            leaves.add(leaf(root));
        }
        NDManager kept = manager.newSubManager();
        NDList own = new NDList(roots);
        own.attach(kept);
        steps.add(new Step(kept, leaves) {
            @Override
            void backward(NDArray[] gradients) {
                observer.begin(name);
                engineBackward(own, gradients);
                observer.end(name);
            }
        });
        return leaves;
    }

    @Override
    public NDList run(String name, ExplicitPart part, NDList inputs) {
        NDManager kept = manager.newSubManager();
        NDList own = handles(inputs, kept);
        ExplicitPart.Forward forward;
        try (NoGradient explicit = new NoGradient()) {
            forward = Observed.observe(observer, name, () -> part.forward(inputs));
        }
        NDList forBackward = handles(forward.kept(), kept);
        forward.kept().stream().filter(array -> !forward.outputs().contains(array)).forEach(NDArray::close);
        NDList leaves = forward.outputs();
        leaves.forEach(SegmentTape::collect);
        steps.add(new Step(kept, leaves) {
            @Override
            void backward(NDArray[] gradients) {
                observer.begin(name);
                try (NoGradient explicit = new NoGradient()) {
                    NDArray[] found = part.backward(own, forBackward, gradients);
                    for (int i = 0; i < found.length; i++) {
                        if (found[i] != null) {
                            accumulate(own.get(i), found[i]);
                            found[i].close();
                        }
                    }
                }
                observer.end(name);
            }
        });
        return leaves;
    }

    @Override
    public NDList runAgainLater(Part part, NDList inputs) {
        NDManager kept = manager.newSubManager();
        NDList own = handles(inputs, kept);
        NDList leaves;
        try (NoGradient first = new NoGradient()) {
            leaves = part.run(observer == PartObserver.NONE ? Uncut.INFERENCE : new Observed(Uncut.INFERENCE, observer), inputs);
        }
        leaves.forEach(SegmentTape::collect);
        steps.add(new Step(kept, leaves) {
            @Override
            void backward(NDArray[] gradients) {
                try (SegmentTape again = new SegmentTape(kept, observer)) {
                    NDList roots = part.run(again, own);
                    engineBackward(roots, gradients);
                    again.backward();
                }
            }
        });
        return leaves;
    }

    /** Walks back through all parts, the last first, from the gradients that their results received; the tape is empty then. */
    public void backward() {
        while (!steps.isEmpty()) {
            try (Step step = steps.removeLast()) {
                step.backward();
            }
        }
    }

    @Override
    public void close() {
        steps.clear();
        manager.close();
    }

    /** A leaf with an array's values, in its memory. What cannot have a gradient is handed on. */
    private static NDArray leaf(NDArray root) {
        NDArray leaf = root.stopGradient();
        leaf.attach(root.getManager());
        collect(leaf);
        return leaf;
    }

    private static void collect(NDArray leaf) {
        if (Bfloat16.is(leaf) || leaf.getDataType().isFloating()) {
            leaf.setRequiresGradient(true);
        }
    }

    /** Further handles of the same tensors, which outlive what the callers close. */
    private static NDList handles(NDList arrays, NDManager owner) {
        NDList handles = new NDList();
        for (NDArray array : arrays) {
            NDArray handle = OPERATORS.call("same", array).singletonOrThrow();
            handle.attach(owner);
            handles.add(handle);
        }
        return handles;
    }

    /** What a leaf has collected, or null. */
    private static NDArray gradient(NDArray leaf) {
        return leaf.hasGradient() ? JniUtils.getGradient((PtNDArray) leaf) : null;
    }

    private static void engineBackward(NDList roots, NDArray[] gradients) {
        boolean[] hasGraph;
        try (NDArray flags = OPERATORS.call("has_graph", roots).singletonOrThrow()) {
            hasGraph = flags.toBooleanArray();
        }
        NDList from = new NDList();
        NDList received = new NDList();
        for (int i = 0; i < gradients.length; i++) {
            if (gradients[i] != null && hasGraph[i]) {
                from.add(roots.get(i));
                received.add(gradients[i]);
            }
        }
        if (!from.isEmpty()) {
            OPERATORS.call("backward", from, received).close();
        }
    }

    /** Adds to what an input has collected. */
    private static void accumulate(NDArray input, NDArray summand) {
        NDArray gradient = gradient(input);
        if (gradient != null) {
            try (gradient) {
                OPERATORS.call("accumulate", gradient, summand).close();
            }
        } else if (input.hasGradient()) {
            NDArray typed = Bfloat16.is(input) == Bfloat16.is(summand) ? summand
                    : Bfloat16.is(input) ? Bfloat16.of(summand) : Bfloat16.toFloat32(summand);
            OPERATORS.call("backward", new NDList(input), new NDList(typed)).close();
        }
    }
}
