package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.config.DeviceRequest;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Machines that are made up: their environment, their class path and what their nvidia-smi says. */
class MachineChecksTest {

    private static final String H200 = "0, NVIDIA H200, 9.0, 143771 MiB, 143160 MiB, 570.124.06\n";

    @TempDir
    private Path natives;

    private final Map<String, String> environment = new HashMap<>();
    private Optional<Commands.Result> smi = Optional.of(new Commands.Result(0, H200));
    private boolean cpuNatives;

    private List<Check> run(String device) {
        return new MachineChecks(DeviceRequest.of(device), environment,
                command -> command[0].equals("nvidia-smi") ? smi : Optional.of(new Commands.Result(0, "Apache Maven 3.8.7\n")),
                resource -> cpuNatives).run();
    }

    private Check check(String device, String name) {
        return run(device).stream().filter(check -> check.name().equals(name)).findFirst().orElseThrow();
    }

    private void putNatives(String... files) throws IOException {
        for (String file : files) {
            Files.writeString(natives.resolve(file), "ELF and more\0" + "2.5.1\0and more");
        }
        environment.put("PYTORCH_LIBRARY_PATH", natives.toString());
    }

    private void putWholeNatives() throws IOException {
        putNatives("libtorch.so", "libtorch_cpu.so", "libc10.so", "libtorch_cuda.so", "libc10_cuda.so", "libdjl_torch.so");
        Files.writeString(natives.resolve("version.txt"), "2.5.1\ncu124\n");
        environment.putAll(Map.of("PYTORCH_VERSION", "2.5.1", "PYTORCH_FLAVOR", "cu124"));
    }

    @Test
    void aWholeGpuMachineIsFine() throws IOException {
        putWholeNatives();
        List<Check> checks = run("gpu");
        assertTrue(checks.stream().allMatch(Check::isFine), checks.toString());
        assertEquals("GPU 0 NVIDIA H200, compute capability 9.0, 143771 MiB (143160 MiB free), driver 570.124.06",
                check("gpu", MachineChecks.DRIVER).detail());
        assertEquals(natives + ", for CUDA, PyTorch 2.5.1 cu124", check("gpu", "PyTorch's libraries").detail());
    }

    @Test
    void aMachineWithoutGpuIsFineForTheProcessor() {
        smi = Optional.empty();
        cpuNatives = true;
        assertTrue(run("auto").stream().allMatch(Check::isFine));
        assertFalse(check("gpu", MachineChecks.DRIVER).isFine());
        assertEquals(Check.Status.ABSENT, check("auto", MachineChecks.DRIVER).status());
    }

    @Test
    void aDriverThatFailsIsQuoted() {
        smi = Optional.of(new Commands.Result(9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\nMore."));
        Check check = check("gpu", MachineChecks.DRIVER);
        assertEquals(Check.Status.FAILED, check.status());
        assertTrue(check.detail().endsWith("NVIDIA driver."), check.detail());
    }

    @Test
    void aGpuThatIsNotThereIsNamed() throws IOException {
        putWholeNatives();
        Check check = check("gpu:1", MachineChecks.DRIVER);
        assertFalse(check.isFine());
        assertTrue(check.detail().startsWith("GPU 1 was asked for, but there is one GPU only: GPU 0 NVIDIA H200"), check.detail());
    }

    @Test
    void librariesForTheCpuBesideAGpuAreAFinding() {
        cpuNatives = true;
        assertTrue(check("auto", "CUDA libraries").remedy().contains("gpu-natives"));
        assertTrue(check("auto", "CUDA libraries").isFine(), "auto computes on the processor then");
        assertFalse(check("gpu", "CUDA libraries").isFine());
        assertTrue(check("cpu", "CUDA libraries").isFine());
    }

    @Test
    void bothKindsOfLibrariesAreAFinding() throws IOException {
        putWholeNatives();
        cpuNatives = true;
        assertTrue(check("gpu", "class path").remedy().contains("leave pytorch-native-cpu out"));
    }

    @Test
    void aMissingJniLibraryIsNamed() throws IOException {
        putWholeNatives();
        Files.delete(natives.resolve("libdjl_torch.so"));
        Check check = check("gpu", "PyTorch's libraries");
        assertFalse(check.isFine());
        assertTrue(check.detail().contains("libdjl_torch.so is missing") && check.remedy().contains("pytorch-jni"), check.toString());
        putNatives("0.35.1-libdjl_torch.so"); // as DJL's cache has it
        assertTrue(check("gpu", "PyTorch's libraries").isFine());
    }

    @Test
    void missingAndEmptyLibrariesAreNamed() throws IOException {
        putWholeNatives();
        Files.delete(natives.resolve("libc10_cuda.so"));
        Files.writeString(natives.resolve("libtorch_cpu.so"), "");
        Check check = check("gpu", "PyTorch's libraries");
        assertTrue(check.detail().endsWith("but libtorch_cpu.so, libc10_cuda.so are missing"), check.detail());
    }

    @Test
    void anotherVersionThanTheFolderHoldsIsNamed() throws IOException {
        putWholeNatives();
        environment.put("PYTORCH_VERSION", "2.7.1");
        Check check = check("gpu", "PyTorch's version");
        assertFalse(check.isFine());
        assertTrue(check.detail().contains("holds PyTorch 2.5.1 cu124") && check.detail().contains("say 2.7.1 cu124"), check.detail());
    }

    @Test
    void librariesOfAnotherVersionThanDjlTakesThemForAreNamed() throws IOException {
        putWholeNatives();
        Files.writeString(natives.resolve("libtorch_cpu.so"), "x".repeat(5_000_000) + "\0" + "2.5.10\0");
        assertTrue(check("gpu", "PyTorch's version").detail().contains("does not say that it is PyTorch 2.5.1"));
        Files.writeString(natives.resolve("libtorch_cpu.so"), "x".repeat((1 << 22) - 3) + "\0" + "2.5.1+cu124\0"); // across two reads
        assertTrue(run("gpu").stream().noneMatch(check -> check.name().equals("PyTorch's version")));
    }

    @Test
    void foldersWithoutCudaAreNamed() throws IOException {
        putNatives("libtorch.so", "libtorch_cpu.so", "libc10.so", "libdjl_torch.so");
        assertFalse(check("gpu", "CUDA libraries").isFine());
        environment.put("PYTORCH_LIBRARY_PATH", natives.resolve("none").toString());
        assertTrue(check("gpu", "PyTorch's libraries").detail().contains("is no folder"));
    }

    @Test
    void aLocaleWithoutUtf8IsAFinding() {
        assertTrue(MachineChecks.locale("UTF-8").isFine());
        Check check = MachineChecks.locale("ANSI_X3.4-1968");
        assertFalse(check.isFine());
        assertTrue(check.detail().contains("ANSI_X3.4-1968") && check.remedy().contains("LC_ALL=C.UTF-8"), check.toString());
    }

    @Test
    void aTemporaryFolderThatIsGoneOrRunsNothingIsAFinding() throws IOException {
        MachineChecks here = new MachineChecks(DeviceRequest.of("cpu"), environment, Commands.SYSTEM, resource -> true);
        assertEquals(Check.Status.OK, here.temporary(natives).status());
        MachineChecks noexec = new MachineChecks(DeviceRequest.of("cpu"), environment, command -> Optional.empty(), resource -> true);
        assertTrue(noexec.temporary(natives).detail().contains("noexec"), noexec.temporary(natives).detail());
        Check gone = here.temporary(natives.resolve("gone"));
        assertTrue(gone.status() == Check.Status.FAILED && gone.remedy().contains("-Djava.io.tmpdir=DIR"), gone.toString());
        try (Stream<Path> left = Files.list(natives)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void aHomeThatCannotBeWrittenIsAFinding() {
        assertEquals(Check.Status.OK, MachineChecks.home(natives).status());
        Check check = MachineChecks.home(natives.resolve("?"));
        assertTrue(check.status() == Check.Status.ABSENT && check.isFine() && check.remedy().contains("HOME"), check.toString());
    }

    @Test
    void noLibrariesAtAllAreNamed() {
        assertFalse(check("cpu", "PyTorch's libraries").isFine());
    }

    @Test
    void memoryIsToldByJavaWhereLinuxDoesNot() throws IOException {
        Check file = MachineChecks.memory(Files.writeString(natives.resolve("meminfo"),
                "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    4000000 kB\n"));
        assertEquals("4.1 of 8.2 GB free", file.detail());
        assertEquals(Check.Status.OK, file.status());
        String told = MachineChecks.memory(natives.resolve("none")).detail();
        long total = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        assertTrue(told.endsWith(String.format(Locale.ROOT, " of %.1f GB free", total / 1e9)), told);
    }
}
