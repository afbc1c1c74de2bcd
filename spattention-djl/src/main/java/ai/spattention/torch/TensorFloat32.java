package ai.spattention.torch;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * libtorch's switch for products of float32 numbers on a GPU: whether they may be rounded to TF32, with 10 bits after the leading one,
 * for speed. Off unless a program, or {@code TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1} in its environment, turned it on.
 */
public final class TensorFloat32 {

    private TensorFloat32() {}

    /** Bound when first used: by then DJL has loaded libtorch. */
    private static final class Switch {

        private static final NativeLibrary TORCH = LoadedLibraries.find("libtorch_cpu.so")
                .orElseThrow(() -> new IllegalStateException("libtorch_cpu.so is not loaded: this needs DJL's PyTorch engine on Linux"));
        private static final Function ALLOWED = TORCH.getFunction("_ZNK2at7Context15allowTF32CuBLASEv");
        private static final Pointer CONTEXT = TORCH.getFunction("_ZN2at13globalContextEv").invokePointer(new Object[0]);
    }

    /**
     * Asks the switch.
     *
     * @return whether products of float32 numbers may be rounded to TF32
     */
    public static boolean isAllowed() {
        return (Switch.ALLOWED.invokeInt(new Object[] {Switch.CONTEXT}) & 0xff) != 0;
    }
}
