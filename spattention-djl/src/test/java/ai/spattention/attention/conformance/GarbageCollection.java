package ai.spattention.attention.conformance;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Java's garbage collection, hastened. */
final class GarbageCollection {

    private static final int SMALLEST = 8;
    private static final int LARGEST = 1 << 15;
    private static final int BUFFERS_OF_A_SIZE = 32;
    private static final int ROUNDS = 5;
    private static final long PAUSE = 2_000_000;

    private GarbageCollection() {}

    /** Frees buffers that nothing in Java refers to, and fills the memory again, with bytes that are NaN in every type. */
    static void overwriteFreedBuffers() {
        System.gc();
        byte[] nan = new byte[LARGEST];
        Arrays.fill(nan, (byte) 0xff);
        List<ByteBuffer> buffers = new ArrayList<>();
        try {
            for (int round = 0; round < ROUNDS; round++) { // buffers are freed by a thread of Java's own, soon after the collection
                LockSupport.parkNanos(PAUSE);
                for (int size = SMALLEST; size <= LARGEST; size *= 2) {
                    for (int i = 0; i < BUFFERS_OF_A_SIZE; i++) {
                        buffers.add(ByteBuffer.allocateDirect(size).put(nan, 0, size));
                    }
                }
            }
        } finally {
            Reference.reachabilityFence(buffers);
        }
    }
}
