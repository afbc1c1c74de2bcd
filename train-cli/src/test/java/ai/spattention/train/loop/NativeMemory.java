package ai.spattention.train.loop;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import org.junit.jupiter.api.Assumptions;

/** What the process has of the C library's memory, in which libtorch keeps arrays. */
final class NativeMemory {

    private NativeMemory() {}

    interface LibC extends Library {

        Statistics.ByValue mallinfo();
    }

    /** The C library's struct mallinfo. */
    @FieldOrder({"arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"})
    public static class Statistics extends Structure {

        public int arena;
        public int ordblks;
        public int smblks;
        public int hblks;
        public int hblkhd;
        public int usmblks;
        public int fsmblks;
        public int uordblks;
        public int fordblks;
        public int keepcost;

        /** As the function returns it. */
        public static final class ByValue extends Statistics implements Structure.ByValue {}
    }

    /** The bytes of blocks too large for the C library's pools, 32 MiB at most; buffers that Java no longer needs are freed first. */
    static long largeBlocks() {
        System.gc();
        try {
            return Integer.toUnsignedLong(Native.load("c", LibC.class).mallinfo().hblkhd);
        } catch (UnsatisfiedLinkError e) {
            Assumptions.abort("this system's C library does not tell");
            return 0;
        }
    }
}
