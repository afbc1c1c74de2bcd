package ai.spattention.train.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What DJL and the loader of libraries say when PyTorch's libraries do not fit. */
class NativesErrorTest {

    private static Throwable loading(String message) {
        return new EngineException("Failed to load PyTorch native library", new UnsatisfiedLinkError(message));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "/n/libdjl_torch.so: /n/libdjl_torch.so: undefined symbol: _ZN3c1017RegisterOperatorsD1Ev | does not fit PyTorch's other libraries | PYTORCH_VERSION",
        "/n/libtorch_cuda.so: libcudnn.so.9: cannot open shared object file: No such file or directory | needs libcudnn.so.9 | gpu-natives",
        "/n/libcaffe2_nvrtc.so: libcuda.so.1: cannot open shared object file: No such file or directory | needs libcuda.so.1 | install NVIDIA's driver",
        "/n/libtorch_cpu.so: /n/libtorch_cpu.so: file too short | libtorch_cpu.so is damaged | gpu-natives",
        "/n/libc10.so: /n/libc10.so: invalid ELF header | libc10.so is damaged | gpu-natives",
        "/n/libc10.so: /lib/libc.so.6: version `GLIBC_2.34' not found (required by /n/libc10.so) | need GLIBC_2.34 | newer Linux",
        "'long ai.djl.pytorch.jni.PyTorchLibrary.torchRandInt(long)' | it lacks torchRandInt | PYTORCH_FLAVOR",
        "something new | do not load (something new) | doctor"})
    void saysWhatIsWrongAndWhatToDo(String message, String what, String remedy) {
        NativesError error = NativesError.of(loading(message)).orElseThrow();
        assertTrue(error.what().contains(what), error.what());
        assertTrue(error.remedy().contains(remedy), error.remedy());
        assertEquals(1, error.text().lines().count());
    }

    @Test
    void knowsThatDjlsOwnLibraryIsMissing() {
        Throwable failure = new EngineException("Failed to load PyTorch native library",
                new EngineException("Cannot download jni files: somewhere", new IOException("Offline mode is enabled.")));
        assertTrue(NativesError.of(failure).orElseThrow().what().contains("libdjl_torch.so) is missing"));
    }

    @Test
    void knowsThatThereAreNoLibraries() {
        Throwable failure = new EngineException("Failed to load PyTorch native library",
                new EngineException("Failed to download PyTorch native library", new IOException("Offline mode is enabled.")));
        assertTrue(NativesError.of(failure).orElseThrow().what().contains("not here"));
    }

    @Test
    void leavesOtherFailuresAlone() {
        assertTrue(NativesError.of(new EngineException("undefined symbol: x")).isEmpty());
        assertTrue(NativesError.of(new IllegalStateException((String) null)).isEmpty());
    }
}
