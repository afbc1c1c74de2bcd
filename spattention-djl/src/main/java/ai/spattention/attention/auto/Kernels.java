package ai.spattention.attention.auto;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.common.InvalidInputException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.regex.Pattern;

/**
 * Finds kernels by name: classes that a file {@code META-INF/services/ai.spattention.attention.AttentionKernel} of the class path lists, as
 * {@link ServiceLoader} finds them. This project's are listed so, and any jar can add others.
 */
public final class Kernels {

    private static final String LIST = "META-INF/services/" + AttentionKernel.class.getName();
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");

    private Kernels() {}

    /**
     * The names that {@link #of} knows.
     *
     * @return the names, those of one jar in the order of its list
     * @throws InvalidInputException if one of the kernels cannot be made or named, or two have one name
     */
    public static List<String> names() {
        return List.copyOf(onClassPath().keySet());
    }

    /**
     * Creates a kernel.
     *
     * @param name one of {@link #names}
     * @return the kernel, a new one
     * @throws InvalidInputException if no kernel has the name, one of the class path cannot be made or named, or two have one name
     */
    public static AttentionKernel of(String name) {
        Map<String, AttentionKernel> known = onClassPath();
        AttentionKernel kernel = known.get(name);
        if (kernel == null) {
            throw new InvalidInputException("unknown attention kernel '" + name + "': choose one of " + String.join(", ", known.keySet())
                    + "; a kernel of your own is found if its class is on the class path and listed in " + LIST);
        }
        return kernel;
    }

    private static Map<String, AttentionKernel> onClassPath() {
        Map<String, AttentionKernel> byName = new LinkedHashMap<>();
        try {
            for (AttentionKernel kernel : ServiceLoader.load(AttentionKernel.class)) {
                AttentionKernel before = byName.put(nameOf(kernel), kernel);
                if (before != null) {
                    throw new InvalidInputException("two attention kernels are called '" + kernel.name() + "': "
                            + before.getClass().getName() + " and " + kernel.getClass().getName() + "; give each a name of its own");
                }
            }
        } catch (ServiceConfigurationError | LinkageError e) { // the latter, for example, of a class for a later Java
            throw new InvalidInputException("an attention kernel of the class path cannot be used: " + reason(e)
                    + "; mend the class or its line in " + LIST, e);
        }
        return Collections.unmodifiableMap(byName);
    }

    private static String nameOf(AttentionKernel kernel) {
        String name;
        try {
            name = kernel.name();
        } catch (RuntimeException e) {
            throw new InvalidInputException("the attention kernel " + kernel.getClass().getName() + " cannot be used: its name() failed with "
                    + String.join(" ", e.toString().lines().toList()), e);
        }
        if (name == null || !NAME.matcher(name).matches()) {
            throw new InvalidInputException("the attention kernel " + kernel.getClass().getName() + " calls itself "
                    + (name == null ? "null" : "'" + name.lines().findFirst().orElse("") + "'")
                    + ": its name must be of lower-case letters, digits and -, and begin with a letter");
        }
        return name;
    }

    /** What went wrong, in one line. */
    private static String reason(Throwable failure) {
        String cause = failure.getCause() == null ? "" : " (" + failure.getCause() + ")";
        return String.join(" ", (failure.getMessage() + cause).lines().toList());
    }
}
