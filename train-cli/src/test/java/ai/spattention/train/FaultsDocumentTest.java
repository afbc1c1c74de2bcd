package ai.spattention.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of faults names a test for each: it has to be there. */
class FaultsDocumentTest {

    private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w*Test)(?:\\.(\\w+))?`");
    private static final List<String> MODULES = List.of("spattention-djl", "olmoe-djl", "eval", "examples", "train-cli", "train-cli/spark");

    @Test
    void everyTestIsThere() throws IOException {
        Map<String, String> tests = MODULES.stream().map(module -> Path.of("..", module, "src", "test", "java"))
                .flatMap(FaultsDocumentTest::sources)
                .collect(Collectors.toMap(file -> file.getFileName().toString().replace(".java", ""), FaultsDocumentTest::read, String::concat));
        List<MatchResult> named = NAMED.matcher(read(Path.of("..", "docs", "faults.md"))).results().toList();
        assertFalse(named.isEmpty());
        assertEquals(List.of(), named.stream().filter(test -> !isThere(tests, test)).map(MatchResult::group).toList());
    }

    private static boolean isThere(Map<String, String> tests, MatchResult test) {
        String source = tests.get(test.group(1));
        return source != null && (test.group(2) == null || source.contains(" " + test.group(2) + "("));
    }

    private static Stream<Path> sources(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith("Test.java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
