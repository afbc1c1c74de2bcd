package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

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
        "/n/libc10.so: /lib/libc.so.6: version `GLIBC_2.34' not found (required by /n/libc10.so) | needs GLIBC_2.34 | newer Linux",
        "/s/train-cli/target/natives/cpu/libc10.so: /s/train-cli/target/natives/cpu/libc10.so: file too short | is damaged | built again",
        "/d/natives/cpu/libc10.so: /d/natives/cpu/libc10.so: file too short | is damaged | unpack this program again",
        "/d/natives/libtokenizers.so: /d/natives/libtokenizers.so: file too short | is damaged | unpack this program again",
        "/d/.natives/cu124/libc10.so: /d/.natives/cu124/libc10.so: file too short | is damaged | gpu-natives",
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

    /** What zstd-jni, DuckDB, JNA, tokenizers and DJL say when the folder into which they unpack is full, gone or mounted noexec. */
    private static Stream<Throwable> unpacking() {
        return Stream.of(new ExceptionInInitializerError("Cannot unpack libzstd-jni-1.5.7-9: No space left on device"),
                new ExceptionInInitializerError("Cannot unpack libzstd-jni-1.5.7-9: No such file or directory"),
                new ExceptionInInitializerError(new RuntimeException(new IOException("No space left on device"))),
                new ExceptionInInitializerError(new RuntimeException(new NoSuchFileException("/gone/libduckdb_java1.so"))),
                new NoClassDefFoundError("Could not initialize class com.sun.jna.Native").initCause(new ExceptionInInitializerError(
                        "Exception java.lang.UnsatisfiedLinkError: Failed to create temporary file for /com/sun/jna/linux-x86-64/"
                                + "libjnidispatch.so library: No space left on device [in thread \"main\"]")),
                new EngineException("Failed to extract PyTorch native library", new IOException("No space left on device")),
                new UnsatisfiedLinkError("/t/libzstd-jni-1.so: /t/libzstd-jni-1.so: failed to map segment from shared object\nno zstd-jni"),
                loading("/h/.djl.ai/libgomp-98b21ff3.so.1: /h/.djl.ai/libgomp-98b21ff3.so.1: failed to map segment from shared object"));
    }

    @ParameterizedTest
    @MethodSource("unpacking")
    void namesTheFolderThatIsFullGoneOrMountedNoexec(Throwable failure) {
        String text = NativesError.of(failure).orElseThrow().text();
        assertTrue(text.contains("-Djava.io.tmpdir=DIR") && !text.contains("PyTorch's"), text);
        assertTrue(text.contains(System.getProperty("java.io.tmpdir")) || text.contains("noexec"), text);
        assertEquals(1, text.lines().count());
    }

    @Test
    void blamesOnlyWhatFails() {
        assertEquals("a native library does not load (no x in java.library.path): 'spattn doctor' tells more",
                NativesError.of(new UnsatisfiedLinkError("no x in java.library.path")).orElseThrow().text());
        assertEquals("a native library does not load (Unexpected flavor: cpu): 'spattn doctor' tells more", NativesError.of(
                new EngineException("Failed to load Huggingface native library.", new EngineException("Unexpected flavor: cpu")))
                .orElseThrow().text());
        String built = "/x/train-cli/target/natives/libzstd-jni.so";
        assertEquals("the library " + built + " is damaged: delete the folder train-cli/target of this program, which is then built again",
                NativesError.of(new UnsatisfiedLinkError(built + ": " + built + ": file too short")).orElseThrow().text());
    }

    @Test
    void leavesOtherFailuresAlone() {
        assertTrue(NativesError.of(new EngineException("undefined symbol: x")).isEmpty());
        assertTrue(NativesError.of(new IllegalStateException((String) null)).isEmpty());
    }
}
