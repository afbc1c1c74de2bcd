package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TypedArgumentsTest {

    private static byte[] line(String typed) {
        return ("java\0-cp\0x\0Main\0" + typed).getBytes(StandardCharsets.UTF_8);
    }

    private static String refusal(byte[] line, String... arguments) {
        return assertThrows(InvalidInputException.class, () -> TypedArguments.check(line, arguments)).getMessage();
    }

    @Test
    void whatWasReadAsItWasTypedPasses() {
        assertDoesNotThrow(() -> TypedArguments.check(line("generate\0--prompt\0Zürich 🙂\0\0"), "generate", "--prompt", "Zürich 🙂", ""));
    }

    @Test
    void whatALocaleChangedIsRefused() {
        for (String read : new String[] {"Z??rich", "Z\uFFFD\uFFFDrich", "ZÃ¼rich", "Z\uDCC3\uDCBCrich"}) {
            String message = refusal(line("generate\0Zürich\0"), "generate", read);
            assertTrue(message.startsWith("argument 2 would be read as '" + read + "' instead of 'Zürich'"), message);
            assertTrue(message.contains("LC_ALL=C.UTF-8"), message);
        }
    }

    @Test
    void bytesThatAreNoUtf8AreRefused() {
        byte[] line = line("info\0Z_rich\0");
        line[line.length - 6] = (byte) 0xFC; // as Latin-1 has it
        assertTrue(refusal(line, "info", "Z\uFFFDrich").startsWith("argument 2 is not UTF-8 ('Z\uFFFDrich')"));
    }

    @Test
    void argumentsFromAFilePass() {
        assertDoesNotThrow(() -> TypedArguments.check("java\0@arguments\0".getBytes(StandardCharsets.UTF_8), "generate", "--prompt", "ü"));
        assertDoesNotThrow(() -> TypedArguments.check(line("@arguments\0"), "ü"));
    }
}
