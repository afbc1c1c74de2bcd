package ai.spattention.torch;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/**
 * A few bytes of each thread's beside the Java heap, in which native functions leave what they give through pointers. What is there
 * holds until the thread's next use of it.
 */
public final class ThreadMemory {

    private static final int BYTES = 128;

    private static final ThreadLocal<ThreadMemory> OWN = ThreadLocal.withInitial(ThreadMemory::new);

    private final Memory memory = new Memory(BYTES);
    private final long address = Pointer.nativeValue(memory);

    private ThreadMemory() {}

    /**
     * This thread's memory.
     *
     * @return 128 bytes
     */
    public static ThreadMemory own() {
        return OWN.get();
    }

    /**
     * The address of a cell of eight bytes.
     *
     * @param cell which, 0 to 15
     * @return the address, as directly bound functions take it
     */
    public long address(int cell) {
        return address + (long) cell * Long.BYTES;
    }

    /**
     * Reads a cell.
     *
     * @param cell which, 0 to 15
     * @return its eight bytes; the lower four are what a function left that gives an int
     */
    public long get(int cell) {
        return memory.getLong((long) cell * Long.BYTES);
    }

    /**
     * Writes cells.
     *
     * @param cell the first, 0 to 15
     * @param values one a cell
     */
    public void put(int cell, long... values) {
        memory.write((long) cell * Long.BYTES, values, 0, values.length);
    }
}
