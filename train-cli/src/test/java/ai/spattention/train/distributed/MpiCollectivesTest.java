package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Starts {@link MpiRank} as several processes. */
class MpiCollectivesTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void mpiexec() {
        Mpiexec.assumeHere();
    }

    private Mpiexec.Result run(int processes, List<String> options, String... arguments) throws Exception {
        return Mpiexec.run(folder, processes, options, Mpiexec.java(MpiRank.class, arguments));
    }

    /** The largest count of one call is that of the program, or so small that everything is cut, within elements too. */
    @ParameterizedTest
    @CsvSource({"2, 1073741824", "3, 13", "4, 1073741824"})
    void everyOperationIsThatOfTheSumsOfAllRanks(int processes, int largestCount) throws Exception {
        Mpiexec.Result result = run(processes, List.of(), "operations", Integer.toString(largestCount));
        assertEquals(0, result.exitCode(), result.output());
        for (int rank = 0; rank < processes; rank++) {
            assertTrue(result.output().contains("right on rank " + rank), result.output());
        }
    }

    @Test
    void whatDiffersIsToldByAllRanks() throws Exception {
        Mpiexec.Result result = run(3, List.of(), "meet", folder.toString());
        assertEquals(2, result.exitCode(), result.output());
        assertEquals(3, result.output().lines().filter(line -> line.contains("rank 1 on ") && line.contains("another configuration (seed=2)")).count(),
                result.output());
    }

    /** A launcher of another kind than the library's. */
    @Test
    void mpiWithoutItsLauncherIsNamed() throws Exception {
        List<String> command = new ArrayList<>(List.of("env", "RANK=0", "WORLD_SIZE=2", "LOCAL_RANK=0", "LOCAL_WORLD_SIZE=2"));
        command.addAll(Mpiexec.java(MpiRank.class, "meet", folder.toString()));
        Mpiexec.Result result = Mpiexec.run(folder, 1, List.of(), command);
        assertEquals(2, result.exitCode(), result.output());
        assertTrue(result.output().contains("this process is rank 0 of 2 for its launcher, and rank 0 of 1 for MPI"), result.output());
    }

    /**
     * MPICH's mpiexec would end the others at once: a shell around each rank hides from it that one was killed, so that the others have to
     * notice by themselves.
     */
    @Test
    void aKilledRankIsNoticedByTheOthers() throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c",
                "\"$@\"; [ $? = 137 ] || exit 1; "
                + "while [ ! -e \"$0/hang-rank0.json\" ] || [ ! -e \"$0/hang-rank2.json\" ]; do sleep 0.1; done; sleep 60",
                folder.toString()));
        command.addAll(Mpiexec.java(MpiRank.class, "killed", folder.toString()));
        Mpiexec.Result result = Mpiexec.run(folder, 3, List.of(), command);
        assertNotEquals(0, result.exitCode(), result.output());
        for (int rank : new int[] {0, 2}) {
            JsonNode report = new ObjectMapper().readTree(Files.readString(HangReport.file(folder, rank)));
            assertEquals(rank, report.get("rank").intValue());
            assertEquals("sum", report.at("/waiting_in/name").asText(), report.toPrettyString());
            assertTrue(report.get("stack").toString().contains("MpiCollectives.sum"), report.toPrettyString());
            assertTrue(result.output().contains("rank " + rank + " of 3 on "), result.output());
        }
    }

    @Test
    void aRankThatFailsEndsTheOthers() throws Exception {
        Mpiexec.Result result = run(2, List.of(), "abort", folder.toString());
        assertNotEquals(0, result.exitCode(), result.output());
        assertTrue(result.output().contains("rank 1 says why"), result.output());
    }

    @Test
    void badInputOfOneRankIsToldByTheExitCodeOfAll() throws Exception {
        Mpiexec.Result result = run(2, List.of(), "refused", folder.toString());
        assertEquals(2, result.exitCode(), result.output());
        assertTrue(result.output().contains("rank 1 has bad input"), result.output());
    }

    /** Who started the ranks watches them: a line of MPICH's own would say nothing more. */
    @Test
    void whereTheLauncherEndsTheOthersMpiSaysNothing() throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "SPATTN_PARENT_WATCH=stdin \"$@\"", "sh"));
        command.addAll(Mpiexec.java(MpiRank.class, "refused", folder.toString()));
        Mpiexec.Result result = Mpiexec.run(folder, 2, List.of(), command);
        assertFalse(result.output().contains("MPI_Abort"), result.output());
        assertTrue(result.output().contains("rank 1 has bad input"), result.output());
    }
}
