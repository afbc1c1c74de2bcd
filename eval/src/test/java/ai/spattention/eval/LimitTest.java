package ai.spattention.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LimitTest {

    /** As {@code int(math.ceil(n * limit)) if limit < 1.0 else int(limit)}, and never more than there are. */
    @ParameterizedTest(name = "{0} of {1} rows")
    @CsvSource({"0, 7, 7", "0.1, 100, 10", "0.1, 101, 11", "0.001, 7, 1", "0.5, 7, 4", "0.999, 7, 7", "1, 7, 1", "3, 7, 3", "9, 7, 7",
        "0.07, 100, 8"}) // 100 * 0.07 is a little more than 7 in Python, too
    void takesTheFirstRows(double limit, long rows, long scored) {
        assertEquals(scored, new Limit(limit).of(rows));
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1, -0.5, 1.5, 2.5, Double.NaN, Double.POSITIVE_INFINITY, 1e12})
    void refusesWhatIsNeither(double value) {
        assertThrows(InvalidInputException.class, () -> new Limit(value));
    }

    @Test
    void filesSayWhatWasAskedFor() {
        assertEquals(0.25, new Limit(0.25).number());
        assertEquals(2L, new Limit(2).number());
        assertEquals(null, Limit.NONE.number());
    }
}
