package ai.spattention.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Scopes that own a computation's temporaries. */
public final class Scopes {

    private Scopes() {}

    /**
     * Opens a scope for a computation on some arrays: what is computed from them belongs to the scope and is closed with
     * it, but for what {@link NDManager#ret} hands to the first array's manager. Closing the scope gives the arrays back.
     *
     * @param first an array whose manager receives the results
     * @param others further arrays; one that comes twice is attached once (DJL would not give it back otherwise)
     * @return the scope, to be closed by the caller
     */
    public static NDManager over(NDArray first, NDArray... others) {
        NDManager scope = NDManager.subManagerOf(first);
        scope.tempAttachAll(first);
        for (NDArray other : others) {
            if (other.getManager() != scope) {
                scope.tempAttachAll(other);
            }
        }
        return scope;
    }
}
