package ai.spattention.train.machine;

import ai.spattention.train.config.DeviceChoice;
import ai.spattention.train.config.DeviceRequest;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** What can be told of the machine without loading PyTorch. */
final class MachineChecks {

    static final String DRIVER = "NVIDIA driver";

    private static final String GET_NATIVES = "get PyTorch's libraries for CUDA with 'spattn gpu-natives', or name their folder in"
            + " PYTORCH_LIBRARY_PATH";
    /** What every jar of PyTorch's libraries tells DJL of them, whatever the system. */
    private static final String CPU_JAR = "native/lib/pytorch.properties";

    private static final double LITTLE_MEMORY_GB = 2;
    private static final double LITTLE_DISK_GB = 2;
    private static final double LITTLE_TEMPORARY_GB = 0.2;

    private final DeviceRequest device;
    private final Map<String, String> environment;
    private final Commands commands;
    private final Predicate<String> onClassPath;

    /**
     * Creates the checks.
     *
     * @param device the device that was asked for
     * @param environment the environment's variables, as the launcher left them
     * @param commands runs programs
     * @param onClassPath tells whether there is a resource of a name
     */
    MachineChecks(DeviceRequest device, Map<String, String> environment, Commands commands, Predicate<String> onClassPath) {
        this.device = device;
        this.environment = environment;
        this.commands = commands;
        this.onClassPath = onClassPath;
    }

    /**
     * Runs all checks.
     *
     * @return what was found, in a fixed order
     */
    List<Check> run() {
        List<Check> checks = new ArrayList<>();
        checks.add(java());
        checks.add(maven());
        checks.add(memory(Path.of("/proc/meminfo")));
        checks.add(disk());
        checks.add(locale(System.getProperty("sun.jnu.encoding", "unknown")));
        checks.add(temporary(Path.of(System.getProperty("java.io.tmpdir"))));
        checks.add(home(Path.of(System.getProperty("user.home"))));
        Check driver = driver();
        checks.add(driver);
        checks.addAll(natives(driver.status() == Check.Status.OK));
        return checks;
    }

    private static Check java() {
        String found = System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")";
        return Runtime.version().feature() >= 17 ? Check.ok("Java", found)
                : Check.failed("Java", found, "install a JDK 17 or newer, or set JAVA_HOME", true);
    }

    private Check maven() {
        String remedy = "install Maven 3.8 or newer, or have ./mvnw get it: the jars are built and 'spattn gpu-natives' works with it";
        return commands.run(MavenSource.COMMAND, "--version", "-Dstyle.color=never")
                .map(result -> result.code() == 0 ? Check.ok("Maven", result.firstLine())
                        : Check.failed("Maven", result.firstLine(), remedy, false))
                .orElseGet(() -> Check.absent("Maven", "no command " + MavenSource.COMMAND, remedy, false));
    }

    /** As a file of Linux's tells, or else as Java does. */
    static Check memory(Path memoryFile) {
        double free = -1;
        double total = -1;
        try {
            for (String line : Files.readAllLines(memoryFile)) {
                double gigabytes = line.matches("\\w+:\\s+\\d+ kB") ? Long.parseLong(line.replaceAll("\\D", "")) * 1024 / 1e9 : 0;
                if (line.startsWith("MemAvailable:")) {
                    free = gigabytes;
                } else if (line.startsWith("MemTotal:")) {
                    total = gigabytes;
                }
            }
        } catch (IOException e) { // another system than Linux: what its files may lend counts as used
            OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            return memory(system.getFreeMemorySize() / 1e9, system.getTotalMemorySize() / 1e9);
        }
        return memory(free, total);
    }

    private static Check memory(double free, double total) {
        String detail = String.format(Locale.ROOT, "%.1f of %.1f GB free", free, total);
        return free >= LITTLE_MEMORY_GB ? Check.ok("memory", detail)
                : Check.failed("memory", detail, "end other programs, or keep models and batches small", false);
    }

    private static Check disk() {
        Path here = Path.of("").toAbsolutePath();
        double free;
        try {
            free = Files.getFileStore(here).getUsableSpace() / 1e9;
        } catch (IOException e) {
            return Check.failed("disk", here + ": " + e.getMessage(), "run the command in a folder of yours", false);
        }
        String detail = String.format(Locale.ROOT, "%.1f GB free in %s", free, here);
        return free >= LITTLE_DISK_GB ? Check.ok("disk", detail)
                : Check.failed("disk", detail, "free some space: checkpoints need 12 bytes a parameter each", false);
    }

    /** By the locale Java reads what the command line says and what files are called. */
    static Check locale(String encoding) {
        return "UTF-8".equals(encoding) ? Check.ok("locale", "names of files and arguments are UTF-8")
                : Check.failed("locale", "names of files and arguments are read as " + encoding + ": other letters are lost",
                        "start with ./spattn, set LC_ALL=C.UTF-8, or install a locale with UTF-8", true);
    }

    /** The launcher has libraries ready; without it they are unpacked here and run from here. */
    Check temporary(Path folder) {
        String name = "temporary folder";
        String remedy = "name another with TMPDIR=DIR, or SPATTN_JAVA_OPTS=-Djava.io.tmpdir=DIR";
        Path program = null;
        try {
            double free = Files.getFileStore(folder).getUsableSpace() / 1e9;
            program = Files.createTempFile(folder, "doctor", "");
            Files.writeString(program, "#!/bin/sh\n");
            boolean runs = !canForbidPrograms(folder) || program.toFile().setExecutable(true)
                    && commands.run(program.toString()).map(result -> result.code() == 0).orElse(false);
            String detail = String.format(Locale.ROOT, "%.1f GB free in %s", free, folder);
            return !runs ? Check.failed(name, detail + ", but mounted noexec: libraries do not load from there", remedy, false)
                    : free < LITTLE_TEMPORARY_GB ? Check.failed(name, detail, remedy, false) : Check.ok(name, detail);
        } catch (IOException e) {
            return Check.failed(name, folder + " cannot be written: " + e.getMessage(), remedy, false);
        } finally {
            if (program != null) {
                program.toFile().delete();
            }
        }
    }

    /** Where there are no permissions as POSIX has them, there is no way to mount a folder without programs either. */
    private static boolean canForbidPrograms(Path folder) {
        return folder.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** Maven's repository and DJL's cache are in it. */
    static Check home(Path folder) {
        return Files.isDirectory(folder) && Files.isWritable(folder) ? Check.ok("home", folder.toString())
                : Check.absent("home", folder + " cannot be written",
                        "nothing to do, but 'spattn gpu-natives' needs one: set HOME to a folder of yours", false);
    }

    /** What the driver says, whatever PyTorch can do with it. */
    private Check driver() {
        boolean needed = device.choice() == DeviceChoice.GPU;
        Optional<Commands.Result> result = commands.run("nvidia-smi",
                "--query-gpu=index,name,compute_cap,memory.total,memory.free,driver_version", "--format=csv,noheader");
        if (result.isEmpty()) {
            return Check.absent(DRIVER, "no command nvidia-smi, so no NVIDIA GPU or no driver",
                    needed ? "install NVIDIA's driver, or use --device cpu"
                            : "nothing to do without a GPU: the processor computes", needed);
        }
        if (result.get().code() != 0 || result.get().output().isBlank()) {
            return Check.failed(DRIVER, "nvidia-smi says: " + result.get().firstLine(),
                    "install or restart NVIDIA's driver; in a container, hand the GPU in (for example docker run --gpus all)", needed);
        }
        List<String> gpus = result.get().output().strip().lines().map(MachineChecks::gpu).toList();
        if (device.choice() == DeviceChoice.GPU && device.index() >= gpus.size()) {
            return Check.absent(DRIVER, "GPU " + device.index() + " was asked for, but there "
                    + (gpus.size() == 1 ? "is one GPU only: " : "are " + gpus.size() + " GPUs: ") + String.join("; ", gpus),
                    "choose from gpu:0 to gpu:" + (gpus.size() - 1), true);
        }
        return Check.ok(DRIVER, String.join("; ", gpus));
    }

    private static String gpu(String line) {
        String[] fields = line.split("\\s*,\\s*");
        return fields.length < 6 ? line.strip() : String.format(Locale.ROOT,
                "GPU %s %s, compute capability %s, %s (%s free), driver %s", (Object[]) fields);
    }

    private List<Check> natives(boolean gpuThere) {
        boolean gpuAsked = device.choice() == DeviceChoice.GPU;
        String path = environment.getOrDefault("PYTORCH_LIBRARY_PATH", "");
        List<Check> checks = new ArrayList<>();
        if (!path.isEmpty()) {
            checks.addAll(folder(new NativesFolder(Path.of(path))));
        } else if (onClassPath.test(CPU_JAR)) {
            checks.add(Check.ok("PyTorch's libraries", "those for the CPU, on the class path"));
        } else {
            checks.add(Check.failed("PyTorch's libraries", "none: neither on the class path nor in PYTORCH_LIBRARY_PATH",
                    "start with ./spattn, or add ai.djl.pytorch:pytorch-native-cpu to the class path", true));
        }
        if ((path.isEmpty() || !new NativesFolder(Path.of(path)).isCuda()) && (gpuThere || gpuAsked)) {
            checks.add(Check.absent("CUDA libraries", "a GPU does not help: PyTorch's libraries are those for the CPU",
                    device.choice() == DeviceChoice.CPU ? "nothing to do for --device cpu" : GET_NATIVES, gpuAsked));
        } else if (!path.isEmpty() && onClassPath.test(CPU_JAR)) {
            checks.add(Check.failed("class path", "pytorch-native-cpu is on the class path beside PYTORCH_LIBRARY_PATH",
                    "leave pytorch-native-cpu out of the class path: ./spattn does", false));
        }
        return checks;
    }

    private List<Check> folder(NativesFolder folder) {
        List<Check> checks = new ArrayList<>();
        String version = environment.getOrDefault("PYTORCH_VERSION", "");
        String flavor = environment.getOrDefault("PYTORCH_FLAVOR", "");
        String detail = folder.path() + ", " + (folder.isCuda() ? "for CUDA" : "for the CPU")
                + (version.isEmpty() ? "" : ", PyTorch " + version + " " + flavor);
        List<String> missing = folder.missing();
        if (!Files.isDirectory(folder.path())) {
            checks.add(Check.failed("PyTorch's libraries", folder.path() + " (PYTORCH_LIBRARY_PATH) is no folder", GET_NATIVES,
                    true));
        } else if (missing.equals(List.of(NativesFolder.JNI))) {
            checks.add(Check.failed("PyTorch's libraries", detail + ", but DJL's library " + NativesFolder.JNI + " is missing there",
                    "copy it from ai.djl.pytorch:pytorch-jni of the same PyTorch version, or run 'spattn gpu-natives'", true));
        } else if (!missing.isEmpty()) {
            checks.add(Check.failed("PyTorch's libraries", detail + ", but " + String.join(", ", missing)
                    + (missing.size() == 1 ? " is" : " are") + " missing", "delete the folder and run 'spattn gpu-natives'", true));
        } else {
            checks.add(Check.ok("PyTorch's libraries", detail));
        }
        if (missing.isEmpty()) {
            version(folder, version, flavor).ifPresent(checks::add);
        }
        return checks;
    }

    /** DJL believes what it is told of the version: another one may load, and fail much later. */
    private static Optional<Check> version(NativesFolder folder, String version, String flavor) {
        String name = "PyTorch's version";
        Optional<NativesFolder.Version> own = folder.version();
        if (own.isPresent() && !version.isEmpty() && !own.get().equals(new NativesFolder.Version(version, flavor))) {
            return Optional.of(Check.failed(name, "the folder holds PyTorch " + own.get().pytorch() + " " + own.get().flavor()
                    + ", but PYTORCH_VERSION and PYTORCH_FLAVOR say " + version + " " + flavor,
                    "unset PYTORCH_VERSION and PYTORCH_FLAVOR: the launcher reads the folder's " + NativesFolder.VERSION_FILE, true));
        }
        String taken = version.isEmpty() ? DjlDownload.VERSION : version;
        try {
            return folder.isOfVersion(taken) ? Optional.empty() : Optional.of(Check.failed(name,
                    NativesFolder.MAIN + " does not say that it is PyTorch " + taken + ", which DJL takes it for",
                    "set PYTORCH_VERSION and PYTORCH_FLAVOR to what the folder holds", false));
        } catch (IOException e) {
            return Optional.of(Check.failed(name, NativesFolder.MAIN + " cannot be read: " + e.getMessage(), "", true));
        }
    }
}
