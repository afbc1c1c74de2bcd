package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.distributed.Mpiexec;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCollectivesCommandTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void mpiexec() {
        Mpiexec.assumeHere();
    }

    private Mpiexec.Result run(int processes, String... more) throws Exception {
        List<String> command = Mpiexec.java(Main.class, "bench", "collectives", "--device", "cpu");
        command.addAll(List.of(more));
        return Mpiexec.run(folder, processes, List.of(), command);
    }

    @Test
    void rankZeroPrintsEachOperationAtEachSize() throws Exception {
        Mpiexec.Result result = run(2, "--mib", "1", "--repetitions", "2", "--json");
        assertEquals(0, result.exitCode(), result.output());
        JsonNode root = new ObjectMapper().readTree(result.output().lines().filter(line -> line.startsWith("{")).findFirst().orElseThrow());
        assertEquals(2, root.get("processes").intValue());
        assertEquals(6, root.get("rows").size(), root.toPrettyString());
        for (JsonNode row : root.get("rows")) {
            double carried = (row.get("operation").asText().equals("all-reduce") ? 1 : 0.5) * row.get("bytes").asDouble() / 1e9;
            assertEquals(carried, row.get("bus_gb_per_second").asDouble() * row.get("milliseconds").asDouble() / 1e3, 1e-9, row.toString());
        }
    }

    @Test
    void onlySeveralProcessesCanBeTimed() throws Exception {
        Mpiexec.Result result = run(1);
        assertEquals(2, result.exitCode(), result.output());
        assertTrue(result.output().contains("spattn: nothing launched this process as one of several: start with 'mpiexec -n 2"), result.output());
    }
}
