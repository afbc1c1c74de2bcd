package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeadPassTest {

    @ParameterizedTest
    @CsvSource({"1, 8, 1", "10000, 50304, 10000", "16384, 50304, 8192", "32768, 50304, 8192", "10672, 50304, 10672", "10673, 50304, 5376",
        "300, 8192, 300", "65536, 8192, 65536", "65537, 8192, 32896"})
    void slicesAreFewAndAlike(long tokens, long classes, long rows) {
        assertEquals(rows, HeadPass.rowsOfSlice(tokens, classes));
    }
}
