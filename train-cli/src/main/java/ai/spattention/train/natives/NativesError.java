package ai.spattention.train.natives;

import ai.djl.engine.EngineException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PyTorch's libraries that do not load or do not fit DJL, read from the failures that loading and calling them give.
 *
 * @param what what is wrong
 * @param remedy what to do
 */
public record NativesError(String what, String remedy) {

    private static final String AGAIN = "delete their folder and get them again with 'spattn gpu-natives'";
    private static final String VERSIONS = "PYTORCH_VERSION, PYTORCH_FLAVOR and the files in PYTORCH_LIBRARY_PATH have to"
            + " belong together; 'spattn gpu-natives' gets a set that does";

    private static final Pattern MISSING_LIBRARY = Pattern.compile("(\\S+): (\\S+): cannot open shared object file");
    private static final Pattern SYMBOL = Pattern.compile("(\\S+): undefined symbol: (\\S+)");
    private static final Pattern SYSTEM = Pattern.compile("version [`'](GLIBC\\w*_[\\d.]+)' not found");
    private static final Pattern DAMAGED = Pattern.compile("(\\S+): (?:file too short|invalid ELF header|ELF \\w+ command .*)");
    private static final Pattern NO_METHOD = Pattern.compile("^'?[\\w.\\[\\] ]*ai\\.djl\\.pytorch\\.jni\\.PyTorchLibrary\\.(\\w+)\\(");

    /**
     * Recognises such a failure.
     *
     * @param failure any failure; its causes are looked at, too
     * @return the error, or empty if the failure is another one
     */
    public static Optional<NativesError> of(Throwable failure) {
        boolean loading = false;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            Optional<NativesError> error = ofMessage(message, cause instanceof LinkageError);
            if (error.isPresent()) {
                return error;
            }
            loading |= cause instanceof LinkageError
                    || cause instanceof EngineException && message.contains("Failed to load PyTorch native library");
        }
        return loading ? Optional.of(new NativesError("PyTorch's libraries do not load (" + lastLine(failure) + ")",
                "'spattn doctor' tells more")) : Optional.empty();
    }

    private static Optional<NativesError> ofMessage(String message, boolean link) {
        if (message.contains("Cannot download jni files") || message.contains("PyTorch jni not found")) {
            return error("DJL's library between Java and PyTorch (libdjl_torch.so) is missing for these libraries of PyTorch",
                    "put it into their folder: 'spattn gpu-natives' makes a folder that has it");
        }
        if (message.contains("Failed to download PyTorch native library") || message.contains("Failed to save pytorch index file")) {
            return error("PyTorch's libraries are not here, and DJL may not download them",
                    "'spattn gpu-natives' gets those for a GPU; --device cpu uses those that come with this program");
        }
        if (!link) {
            return Optional.empty();
        }
        Matcher missing = MISSING_LIBRARY.matcher(message);
        if (missing.find()) {
            return error("PyTorch's library " + missing.group(1) + " needs " + missing.group(2) + ", which is not here",
                    "libcuda.so.1".equals(missing.group(2)) ? "install NVIDIA's driver" : AGAIN);
        }
        Matcher system = SYSTEM.matcher(message);
        if (system.find()) {
            return error("PyTorch's libraries need " + system.group(1) + ", which is newer than this system's", "use a newer Linux");
        }
        Matcher damaged = DAMAGED.matcher(message);
        if (damaged.find()) {
            return error("PyTorch's library " + damaged.group(1) + " is damaged", AGAIN);
        }
        Matcher symbol = SYMBOL.matcher(message);
        if (symbol.find()) {
            return error(symbol.group(1) + " does not fit PyTorch's other libraries (it lacks " + symbol.group(2) + ")", VERSIONS);
        }
        Matcher method = NO_METHOD.matcher(message);
        if (method.find()) {
            return error("DJL's library libdjl_torch.so is not the one for this DJL (it lacks " + method.group(1) + ")", VERSIONS);
        }
        return Optional.empty();
    }

    private static Optional<NativesError> error(String what, String remedy) {
        return Optional.of(new NativesError(what, remedy));
    }

    private static String lastLine(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage()).strip().lines().findFirst().orElse(root.getClass().getSimpleName());
    }

    /**
     * The line for a person.
     *
     * @return what is wrong and what to do
     */
    public String text() {
        return what + ": " + remedy;
    }
}
