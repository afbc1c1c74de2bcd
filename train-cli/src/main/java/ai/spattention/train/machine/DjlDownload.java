package ai.spattention.train.machine;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.LibUtils;
import ai.djl.util.Utils;
import ai.spattention.common.InvalidInputException;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * DJL's own download of PyTorch for CUDA, into its cache. It happens when the engine is loaded, with settings that differ
 * from this process's, so it runs in a process of its own.
 */
public final class DjlDownload {

    /** PyTorch's version, that of the libraries for the CPU. */
    public static final String VERSION = "2.7.1";

    /** The CUDA version, the one that DJL built its library for. */
    public static final String FLAVOR = "cu128";

    private DjlDownload() {}

    /**
     * Downloads what is not in the cache yet.
     *
     * @return the folder in DJL's cache
     * @throws IOException if the libraries cannot be had
     */
    public static NativesFolder run() throws IOException {
        String home = System.getProperty("user.home");
        if (System.getenv("DJL_CACHE_DIR") == null && !Files.isWritable(Path.of(home))) {
            // DJL would take a folder that everybody knows and may write, where the launcher does not look
            throw new InvalidInputException("the home " + home + " cannot be written: set DJL_CACHE_DIR to a folder of yours"
                    + " for the libraries");
        }
        // a class path with the libraries for the CPU would make DJL take those
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("pytorch-native-"))
                .collect(Collectors.joining(File.pathSeparator));
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                classPath, "-Dai.djl.offline=false", "-Duser.home=" + home, DjlDownload.class.getName()).redirectErrorStream(true);
        builder.environment().putAll(Map.of("PYTORCH_VERSION", VERSION, "PYTORCH_FLAVOR", FLAVOR, "DJL_CACHE_DIR", Utils.getCacheDir().toString()));
        builder.environment().keySet().removeAll(List.of("PYTORCH_LIBRARY_PATH", "DJL_OFFLINE"));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while DJL was downloading");
        }
        NativesFolder folder = new NativesFolder(Utils.getEngineCacheDir("pytorch").resolve(VERSION + "-" + FLAVOR + "-linux-x86_64"));
        if (!Files.isDirectory(folder.path()) || !folder.isCuda() || !folder.missing().isEmpty()) {
            throw new IOException("DJL could not download PyTorch for CUDA: its server is not reached from here, or the disk is full."
                    + " Try 'spattn gpu-natives', which uses Maven alone (DJL said: " + lastLine(output) + ")");
        }
        return folder;
    }

    private static String lastLine(String output) {
        return output.strip().lines().reduce((first, second) -> second).orElse("nothing");
    }

    /**
     * Loads the engine, which downloads. Loading may fail afterwards where there is no GPU driver; the files are there then.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        try {
            Engine.getEngine("PyTorch");
            System.out.println("PyTorch is in " + LibUtils.getLibtorchPath());
        } catch (RuntimeException | LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            System.out.println(cause);
        }
    }
}
