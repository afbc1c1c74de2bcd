package ai.spattention.torch;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import org.junit.jupiter.api.Test;

class TensorFloat32Test {

    @Test
    void followsLibtorchsSwitch() {
        Engine.getEngine("PyTorch");
        NativeLibrary torch = LoadedLibraries.find("libtorch_cpu.so").orElseThrow();
        Pointer context = torch.getFunction("_ZN2at13globalContextEv").invokePointer(new Object[0]);
        assertFalse(TensorFloat32.isAllowed(), "off by default");
        torch.getFunction("_ZN2at7Context18setAllowTF32CuBLASEb").invokeVoid(new Object[] {context, (byte) 1});
        try {
            assertTrue(TensorFloat32.isAllowed());
        } finally {
            torch.getFunction("_ZN2at7Context18setAllowTF32CuBLASEb").invokeVoid(new Object[] {context, (byte) 0});
        }
        assertFalse(TensorFloat32.isAllowed());
    }
}
