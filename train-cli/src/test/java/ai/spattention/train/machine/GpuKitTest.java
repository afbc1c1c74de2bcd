package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GpuKitTest {

    @ParameterizedTest
    @CsvSource({"Linux, amd64, true", "Linux, x86_64, true", "Linux, aarch64, false", "Mac OS X, aarch64, false", "Windows 11, amd64, false"})
    void isForLinuxOnX86(String name, String architecture, boolean served) {
        if (served) {
            assertDoesNotThrow(() -> GpuKit.requireSystem(name, architecture));
        } else {
            String message = assertThrows(InvalidInputException.class, () -> GpuKit.requireSystem(name, architecture)).getMessage();
            assertTrue(message.contains("(got " + name + " on " + architecture + ")"), message);
        }
    }
}
