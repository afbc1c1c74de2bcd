package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeadPassTest {

    @ParameterizedTest
    @CsvSource({"1, 8, 1", "16384, 50304, 16384", "32768, 50304, 16384", "65536, 50304, 16384", "21345, 50304, 21345", "21346, 50304, 10752", "300, 8192, 300",
        "131072, 8192, 131072", "131073, 8192, 65664"})
    void slicesAreFewAndAlike(long tokens, long classes, long rows) {
        assertEquals(rows, HeadPass.rowsOfSlice(tokens, classes));
    }
}
