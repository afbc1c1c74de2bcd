package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Compares what Java made of the command line, by the locale, with the bytes that the system holds. */
final class TypedArguments {

    private TypedArguments() {}

    /**
     * Refuses a command line that says something else to Java than to whoever typed it.
     *
     * @param arguments what Java made of it
     * @throws InvalidInputException if an argument is not UTF-8, or was read as something else
     */
    static void check(String... arguments) {
        byte[] commandLine;
        try {
            commandLine = Files.readAllBytes(Path.of("/proc/self/cmdline"));
        } catch (IOException e) {
            return; // this system does not tell
        }
        check(commandLine, arguments);
    }

    /** Each argument ends with a zero byte; those of the program are the last ones. */
    static void check(byte[] commandLine, String... arguments) {
        List<byte[]> typed = split(commandLine);
        for (int i = 0; i < arguments.length && arguments.length < typed.size(); i++) {
            byte[] bytes = typed.get(typed.size() - arguments.length + i);
            String text = new String(bytes, StandardCharsets.UTF_8);
            try {
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            } catch (CharacterCodingException e) {
                throw new InvalidInputException("argument " + (i + 1) + " is not UTF-8 ('" + text + "'): type it on a UTF-8 terminal,"
                        + " or rename the file");
            }
            if (isAscii(bytes) || text.equals(arguments[i])) {
                continue;
            }
            throw new InvalidInputException("argument " + (i + 1) + " would be read as '" + arguments[i] + "' instead of '" + text
                    + "': Java goes by the locale (" + System.getProperty("sun.jnu.encoding") + "); set LC_ALL=C.UTF-8,"
                    + " or install a locale with UTF-8");
        }
    }

    private static boolean isAscii(byte[] bytes) {
        for (byte b : bytes) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    private static List<byte[]> split(byte[] commandLine) {
        List<byte[]> parts = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < commandLine.length; i++) {
            if (commandLine[i] == 0) {
                parts.add(Arrays.copyOfRange(commandLine, start, i));
                start = i + 1;
            }
        }
        return parts;
    }
}
