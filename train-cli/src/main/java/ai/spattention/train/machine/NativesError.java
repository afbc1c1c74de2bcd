package ai.spattention.train.machine;

import ai.djl.engine.EngineException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Native libraries that do not load, or PyTorch's that do not fit DJL, read from the failures that loading and calling them give.
 *
 * @param what what is wrong
 * @param remedy what to do
 */
public record NativesError(String what, String remedy) {

    /** Where the build puts what comes with this program. */
    private static final Pattern BUILT = Pattern.compile("[/\\\\]train-cli[/\\\\]target[/\\\\]natives[/\\\\]");
    /** What comes with a distribution. */
    private static final Pattern DISTRIBUTED = Pattern.compile("[/\\\\]natives[/\\\\](cpu[/\\\\])?[^/\\\\]+$");
    private static final String ELSEWHERE = "name other folders with SPATTN_JAVA_OPTS=-Djava.io.tmpdir=DIR and DJL_CACHE_DIR=DIR";
    private static final String AGAIN = "delete their folder and get them again with 'spattn gpu-natives'";
    private static final String VERSIONS = "PYTORCH_VERSION, PYTORCH_FLAVOR and the files in PYTORCH_LIBRARY_PATH have to"
            + " belong together; 'spattn gpu-natives' gets a set that does";

    private static final Pattern MISSING_LIBRARY = Pattern.compile("(\\S+): (\\S+): cannot open shared object file");
    private static final Pattern NOT_MAPPED = Pattern.compile("(\\S+): \\S+: failed to map segment from shared object");
    private static final Pattern NOT_UNPACKED = Pattern.compile(
            "No space left on device|Disk quota exceeded|No such file or directory|Permission denied|Read-only file system");
    private static final Pattern NOT_WRITTEN = Pattern.compile("Failed to (?:extract|load|save) \\w+ (?:native library|index file)");
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
        boolean pytorch = false;
        String unwritten = "";
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            boolean link = cause instanceof LinkageError;
            Optional<NativesError> error = ofMessage(message, link);
            if (error.isPresent()) {
                return error;
            }
            boolean engine = cause instanceof EngineException && NOT_WRITTEN.matcher(message).find();
            loading |= link || engine;
            pytorch |= engine && message.contains("PyTorch");
            Matcher reason = NOT_UNPACKED.matcher(message);
            unwritten = reason.find() ? reason.group()
                    : cause instanceof NoSuchFileException || cause instanceof AccessDeniedException ? cause.toString() : unwritten;
        }
        if (!loading) {
            return Optional.empty();
        }
        if (!unwritten.isEmpty()) {
            return error("a library could not be unpacked, into the temporary folder " + System.getProperty("java.io.tmpdir")
                    + " or a cache in the home " + System.getProperty("user.home") + " (" + unwritten + ")", ELSEWHERE);
        }
        return error((pytorch ? "PyTorch's libraries do" : "a native library does") + " not load (" + lastLine(failure) + ")",
                "'spattn doctor' tells more");
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
        Matcher mapped = NOT_MAPPED.matcher(message);
        if (mapped.find()) {
            String library = mapped.group(1);
            return error("the library " + library + " does not load: its folder is on a file system mounted noexec, or memory is short",
                    BUILT.matcher(library).find() || DISTRIBUTED.matcher(library).find()
                            ? "move this program to another file system" : ELSEWHERE);
        }
        Matcher missing = MISSING_LIBRARY.matcher(message);
        if (missing.find()) {
            return error("the library " + missing.group(1) + " needs " + missing.group(2) + ", which is not here",
                    "libcuda.so.1".equals(missing.group(2)) ? "install NVIDIA's driver" : again(missing.group(1)));
        }
        Matcher system = SYSTEM.matcher(message);
        if (system.find()) {
            return error("a native library needs " + system.group(1) + ", which is newer than this system's", "use a newer Linux");
        }
        Matcher damaged = DAMAGED.matcher(message);
        if (damaged.find()) {
            return error("the library " + damaged.group(1) + " is damaged", again(damaged.group(1)));
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

    private static String again(String library) {
        return BUILT.matcher(library).find() ? "delete the folder train-cli/target of this program, which is then built again"
                : DISTRIBUTED.matcher(library).find() ? "unpack this program again" : AGAIN;
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
