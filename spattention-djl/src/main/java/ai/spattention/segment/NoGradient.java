package ai.spattention.segment;

import ai.djl.pytorch.jni.JniUtils;

/**
 * Keeps libtorch from recording operations for autograd on this thread until closed. DJL switches recording off on the
 * thread that starts the engine only: on any other, every forward pass would keep what a backward pass needs.
 */
public final class NoGradient implements AutoCloseable {

    private final boolean before;

    /** Switches recording off. */
    public NoGradient() {
        before = JniUtils.isGradMode();
        JniUtils.setGradMode(false);
    }

    /** Goes back to what was before. */
    @Override
    public void close() {
        JniUtils.setGradMode(before);
    }
}
