package ai.spattention.olmoe.io;

import java.io.IOException;

/** Failures that come from elsewhere, such as another thread, and are thrown here as they were there. */
public final class Failures {

    private Failures() {}

    /**
     * A failure for {@code throw}.
     *
     * @param failure what failed
     * @return the failure if it is an {@link IOException}; one of which it is the cause if it is another checked exception
     * @throws RuntimeException the failure, if it is one
     * @throws Error the failure, if it is one
     */
    public static IOException asThrown(Throwable failure) {
        if (failure instanceof IOException e) {
            return e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
        return new IOException(failure);
    }
}
