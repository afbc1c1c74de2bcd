package ai.spattention.eval.python;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The expected values are CPython 3.11's. */
class PythonRandomTest {

    private static List<Integer> range(int size) {
        return IntStream.range(0, size).boxed().toList();
    }

    @ParameterizedTest
    @CsvSource({"10, 7 1 0", "21, 14 3 0 2", "22, 14 3 0 2", "570, 451 119 7 92 35", "100, 99 56 14 0 11 74",
        "85, 56 14 0 11 74 4", "86, 56 14 0 11 74 4", "5, 3 0 4 2 1"})
    void samplesAsPythonDoes(int size, String expected) {
        List<Integer> numbers = Arrays.stream(expected.split(" ")).map(Integer::valueOf).toList();
        assertEquals(numbers, new PythonRandom(1234).sample(range(size), numbers.size()));
    }

    @Test
    void goesOnFromSampleToSample() {
        PythonRandom random = new PythonRandom(1234);
        assertEquals(List.of(28, 7, 0), random.sample(range(40), 3));
        assertEquals(List.of(5, 37, 2), random.sample(range(40), 3));
        assertEquals(List.of(5, 6, 22), random.sample(range(40), 3));
    }

    @Test
    void drawsFractionsAsPythonDoes() {
        PythonRandom random = new PythonRandom(1234);
        assertEquals(0.9664535356921388, random.nextDouble());
        assertEquals(0.4407325991753527, random.nextDouble());
        assertEquals(0.8444218515250481, new PythonRandom(0).nextDouble());
    }
}
