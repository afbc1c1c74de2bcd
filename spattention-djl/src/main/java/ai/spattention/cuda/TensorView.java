package ai.spattention.cuda;

/**
 * An array's memory: what a kernel needs to know of it.
 *
 * @param address the address of the first element on the device
 * @param type the elements' type
 * @param deviceIndex the GPU's index, -1 for the CPU
 * @param sizes the sizes, outermost first
 * @param strides the strides in elements, outermost first
 */
public record TensorView(long address, Type type, int deviceIndex, long[] sizes, long[] strides) {

    /** The types that kernels take, with libtorch's number, the driver's (CUtensorMapDataType) and the size in bytes. */
    public enum Type {
        /** IEEE half precision. */
        FLOAT16(5, 6, 2),
        /** The upper half of a float32. */
        BFLOAT16(15, 9, 2),
        /** Single precision. */
        FLOAT32(6, 7, 4),
        /** 16-bit integers, signed. */
        INT16(2, 1, 2),
        /** 32-bit integers. */
        INT32(3, 4, 4),
        /** 64-bit integers. */
        INT64(4, 5, 8),
        /** Any other type. */
        OTHER(-1, -1, 1);

        private final int torchNumber;
        private final int mapNumber;
        private final int bytes;

        Type(int torchNumber, int mapNumber, int bytes) {
            this.torchNumber = torchNumber;
            this.mapNumber = mapNumber;
            this.bytes = bytes;
        }

        int torchNumber() {
            return torchNumber;
        }

        int mapNumber() {
            return mapNumber;
        }

        /**
         * The size of an element.
         *
         * @return bytes
         */
        public int bytes() {
            return bytes;
        }

        static Type ofTorch(int number) {
            for (Type type : values()) {
                if (type.torchNumber == number) {
                    return type;
                }
            }
            return OTHER;
        }
    }

    /**
     * Whether vector loads and tensor maps can walk the array: unit stride in the last axis, and every row at a multiple of 16
     * bytes. (The stride of an axis of size 1 is never walked.)
     *
     * @return true if a kernel may read it as it lies
     */
    public boolean isAligned() {
        int last = sizes.length - 1;
        boolean aligned = address % 16 == 0 && (strides[last] == 1 || sizes[last] == 1);
        for (int axis = 0; axis < last; axis++) {
            aligned &= sizes[axis] == 1 || strides[axis] > 0 && strides[axis] * type.bytes() % 16 == 0;
        }
        return aligned;
    }

    /**
     * Whether the elements lie one after the other in the order of the axes.
     *
     * @return true if there are no gaps
     */
    public boolean isDense() {
        long expected = 1;
        for (int axis = sizes.length - 1; axis >= 0; axis--) {
            if (sizes[axis] != 1 && strides[axis] != expected) {
                return false;
            }
            expected *= sizes[axis];
        }
        return true;
    }

    /**
     * Whether the elements lie one after the other in some order of the axes.
     *
     * @param order the axes from the outermost in memory to the innermost
     * @return true if there are no gaps
     */
    public boolean isDense(int... order) {
        long expected = 1;
        for (int i = order.length - 1; i >= 0; i--) {
            int axis = order[i];
            if (sizes[axis] != 1 && strides[axis] != expected) {
                return false;
            }
            expected *= sizes[axis];
        }
        return true;
    }

    /** The stride of an axis, a harmless multiple of 16 bytes for one of size 1. */
    long walkedStride(int axis) {
        return sizes[axis] == 1 && axis < sizes.length - 1 ? 16 : strides[axis];
    }
}
