package ai.spattention.torch;

import com.sun.jna.Native;

/**
 * libtorch's switch for products of float32 numbers on a GPU: whether they may be rounded to TF32, with 10 bits after the leading one,
 * for speed. Off unless a program, or {@code TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1} in its environment, turned it on.
 */
public final class TensorFloat32 {

    private TensorFloat32() {}

    /** Bound when first used: by then DJL has loaded libtorch. Asked at every launch. */
    private static final class Switch {

        static {
            Native.register(Switch.class, LoadedLibraries.find("libtorch_cpu.so")
                    .orElseThrow(() -> new IllegalStateException("libtorch_cpu.so is not loaded: this needs DJL's PyTorch engine on Linux")));
        }

        private static final long CONTEXT = _ZN2at13globalContextEv();

        /** {@code at::Context& at::globalContext()} */
        static native long _ZN2at13globalContextEv();

        /** {@code bool at::Context::allowTF32CuBLAS() const}: the lowest byte of what it gives */
        static native int _ZNK2at7Context15allowTF32CuBLASEv(long context);
    }

    /**
     * Asks the switch.
     *
     * @return whether products of float32 numbers may be rounded to TF32
     */
    public static boolean isAllowed() {
        return (Switch._ZNK2at7Context15allowTF32CuBLASEv(Switch.CONTEXT) & 0xff) != 0;
    }
}
