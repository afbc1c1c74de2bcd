package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.types.DataType;
import java.util.Optional;

/** The element types of safetensors files. */
public enum TensorType {
    /** Booleans, a byte each. */
    BOOL(1, DataType.BOOLEAN),
    /** Unsigned bytes. */
    U8(1, DataType.UINT8),
    /** Signed bytes. */
    I8(1, DataType.INT8),
    /** 16-bit integers. */
    I16(2, null),
    /** Unsigned 16-bit integers. */
    U16(2, null),
    /** Half precision; becomes float32 in memory. */
    F16(2, DataType.FLOAT32),
    /** The upper half of a float32; becomes float32 in memory. */
    BF16(2, DataType.FLOAT32),
    /** 32-bit integers. */
    I32(4, DataType.INT32),
    /** Unsigned 32-bit integers. */
    U32(4, null),
    /** Single precision. */
    F32(4, DataType.FLOAT32),
    /** Double precision. */
    F64(8, DataType.FLOAT64),
    /** 64-bit integers. */
    I64(8, DataType.INT64),
    /** Unsigned 64-bit integers. */
    U64(8, null);

    private final int bytes;
    private final DataType inMemory;

    TensorType(int bytes, DataType inMemory) {
        this.bytes = bytes;
        this.inMemory = inMemory;
    }

    /**
     * The size of an element in the file.
     *
     * @return bytes
     */
    public int bytes() {
        return bytes;
    }

    /**
     * The type of an array read from such a tensor.
     *
     * @return the type, or empty where DJL has none
     */
    public Optional<DataType> inMemory() {
        return Optional.ofNullable(inMemory);
    }

    /**
     * Finds a type by the name in a file's header.
     *
     * @param name the name
     * @return the type, or empty if it is unknown
     */
    static Optional<TensorType> of(String name) {
        for (TensorType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
