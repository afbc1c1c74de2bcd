package ai.spattention.train.distributed;

import com.sun.jna.Library;
import com.sun.jna.Native;

/** What is used of the system's C library. */
interface LibC extends Library {

    LibC INSTANCE = Native.load("c", LibC.class);

    /** Sets a variable for native code: Java's own copy of the environment does not change. */
    int setenv(String name, String value, int overwrite);

    /** Copies bytes between places that do not overlap. */
    long memcpy(long to, long from, long bytes);
}
