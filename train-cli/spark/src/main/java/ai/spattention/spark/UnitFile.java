package ai.spattention.spark;

import java.io.Serializable;

/**
 * A file that a unit reads.
 *
 * @param set the held-out set that it belongs to; empty if it is learnt from
 * @param name what local {@code prepare} would call it: its path, or all of its address elsewhere
 * @param bytes its size
 * @param modified when it was changed last, in milliseconds since 1970
 */
record UnitFile(String set, String name, long bytes, long modified) implements Serializable {

    /** Whether every machine can read it in its place. */
    static boolean isLocal(String name) {
        return name.startsWith("/");
    }
}
