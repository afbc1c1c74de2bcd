package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.index.NDIndex;

/** Large tensors pass through Java in pieces: a Java buffer ends at 2 GiB, and a piece bounds what is held twice. */
final class TensorPieces {

    /** Elements a piece; 64 MiB of float32. */
    static final int ELEMENTS = 16 << 20;

    private TensorPieces() {}

    /** Some consecutive elements of a flat array. */
    static NDIndex range(long from, int count) {
        return new NDIndex().addSliceDim(from, from + count);
    }
}
