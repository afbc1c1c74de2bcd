package ai.spattention.olmoe.io;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of what is not whole yet: the wanted name, {@code .tmp-} and 32 random digits, which nobody can guess and lead
 * elsewhere. The first 16 are the same for all that one process writes.
 */
final class TemporaryName {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String PROCESS = random();
    private static final Pattern NAME = Pattern.compile("(.+)\\.tmp-([0-9a-f]{16})[0-9a-f]{16}", Pattern.DOTALL);

    /** File systems allow 255 bytes, of which the ending takes 37. */
    private static final int LONGEST = 200;

    private TemporaryName() {}

    /** A new name in the same folder. */
    static Path beside(Path target) {
        return target.resolveSibling(shortened(target.getFileName().toString()) + ".tmp-" + PROCESS + random());
    }

    private static String random() {
        byte[] bytes = new byte[8];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static String shortened(String name) {
        String part = name;
        while (part.getBytes(StandardCharsets.UTF_8).length > LONGEST) {
            part = part.substring(0, part.offsetByCodePoints(part.length(), -1));
        }
        return part;
    }

    /** The name that another process's temporary file or folder was to get; empty if it is none. */
    static Optional<String> ofAnotherProcess(Path path) {
        Matcher name = NAME.matcher(path.getFileName().toString());
        return name.matches() && !name.group(2).equals(PROCESS) ? Optional.of(name.group(1)) : Optional.empty();
    }
}
