package ai.spattention.olmoe.safetensors;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The processor's memory through which the pieces of a file's tensors pass, one after the other. DJL's {@code toByteBuffer} would copy each into
 * the Java heap, and leave a GPU's array a second copy that lives as long as its manager.
 */
final class PieceBuffer implements AutoCloseable {

    private final NDManager host = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private NDArray memory = host.create(new Shape(0), DataType.FLOAT32);

    /**
     * Copies a piece.
     *
     * @param piece an array of one axis on any device, of at most {@link TensorPieces#ELEMENTS} elements; stays the caller's
     * @param type the type that the elements get
     * @return the elements, in the machine's order; they hold until the next piece is copied or this is closed
     */
    ByteBuffer bytes(NDArray piece, DataType type) {
        int count = Math.toIntExact(piece.size());
        if (memory.getDataType() != type || memory.size() < count) {
            memory.close();
            memory = host.create(new Shape(count), type);
        }
        memory.set(TensorPieces.range(0, count), piece);
        return memory.toByteBuffer(true).limit(count * type.getNumOfBytes()).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        host.close();
    }
}
