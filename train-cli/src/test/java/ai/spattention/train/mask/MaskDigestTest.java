package ai.spattention.train.mask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Digests against those of masks that were not computed by this project. */
class MaskDigestTest {

    @ParameterizedTest
    @CsvSource({
        "exclusive, 4, 1, 1, 67abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa450",
        "gapped, 4, 5, 5, 9718f8e8a5904a8e051d5be283dda630d48dd9ef3ad6af20721fa1c35c032381",
        "causal, 8, 37, 5624, 4cba0ed65ae7cfdc02feb4f528503e5103ab05d2fefa1c9efed450c6d4c0159d",
        "sp, 8, 37, 2056, 7e59017697ef75fe79f6c163d7779d098cfa3c2fc4d7edbe0ccbd7ce0f72d040",
        "exclusive, 8, 37, 703, 564d9ffbd69ffbb7e2388a5f9f20b809356b42d4a227b9315db514f1118b8de2",
        "local, 8, 37, 1560, 614dd485a22187343df1d1546ab583b1f940205f8f2ba2b62ee8d5a837c9d417",
        "gapped, 8, 37, 310, 36f768332005338b9a80bd7beec65d817648cb26ec17c9028a8b40aecd5b809a",
        "longformer, 16, 128, 65120, d0dc1d4c50399257a1287549dd8df3fa1903c030af979d60fdfccffe6d42185f",
        "bigbird, 16, 128, 41360, a1ba1a7f8020c23996aeaf04e318393dfbaebe9b0e341c2fb08a9f29febf1315",
        "reformer, 16, 128, 60096, 8977be6748fd1a0030e49894a9b784652f62217829549c17ace28a4c6a6629f4"})
    void equalsTheRecordedDigest(String pattern, int heads, int length, long pairs, String sha256) {
        check(pattern, heads, length, pairs, sha256);
    }

    @Test
    void equalsEveryDigestOfTheGoldenFile() throws IOException {
        Path file = Path.of(System.getProperty("spattention.shared", "../../shared")).resolve("fixtures/masks.json");
        Assumptions.assumeTrue(Files.exists(file), file + " is absent");
        JsonNode masks = new ObjectMapper().readTree(file.toFile());
        assertFalse(masks.isEmpty());
        for (JsonNode mask : masks) {
            check(mask.get("pattern").asText(), mask.get("heads").asInt(), mask.get("length").asInt(),
                    mask.get("allowed_pairs").asLong(), mask.get("sha256").asText());
        }
    }

    private static void check(String name, int heads, int length, long pairs, String sha256) {
        StandardPattern pattern = StandardPattern.of(name);
        String what = name + ", " + heads + " heads, length " + length;
        List<HeadMask> masks = masks(pattern, heads, length);
        assertEquals(sha256, MaskDigest.sha256(masks, length), what);
        assertEquals(pairs, pattern.allowedPairs(heads, length, length), what);
    }

    @Test
    void dependsOnTheOrderOfTheHeads() {
        List<HeadMask> masks = masks(StandardPattern.EXCLUSIVE, 2, 8);
        assertNotEquals(MaskDigest.sha256(masks, 8), MaskDigest.sha256(List.of(masks.get(1), masks.get(0)), 8));
    }

    private static List<HeadMask> masks(StandardPattern pattern, int heads, int length) {
        return IntStream.range(0, heads).mapToObj(head -> pattern.headMask(head, heads, length)).toList();
    }
}
