package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class VersionsTest {

    /** Two builds of one version differ by their commit, and one build may have different libraries of PyTorch on two hosts. */
    @Test
    void processesAreToldApartByTheirCommitAndLibraries() {
        Map<String, String> all = Versions.all();
        String alike = Versions.alike();
        assertTrue(alike.startsWith(all.get("spattention") + " ("), alike);
        assertTrue(alike.endsWith("PyTorch " + all.get("pytorch") + ")"), alike);
        assertTrue(!all.containsKey("commit") || alike.contains("commit " + all.get("commit")), alike);
    }
}
