package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkerIdentityTest {

    /** Variables as a shell shows them: {@code A=1 B=2}. */
    private static Map<String, String> environment(String variables) {
        Map<String, String> environment = new TreeMap<>();
        for (String variable : variables.isBlank() ? new String[0] : variables.strip().split(" +")) {
            int equals = variable.indexOf('=');
            environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        return environment;
    }

    private static WorkerIdentity identity(String variables) {
        return WorkerIdentity.of(environment(variables));
    }

    private static final String STEP = "SLURM_JOB_ID=77 SLURM_STEP_ID=0 SLURM_PROCID=5 SLURM_LOCALID=1 SLURM_NODEID=2 SLURM_NTASKS=8 "
            + "SLURM_STEP_NUM_TASKS=6 SLURM_STEP_TASKS_PER_NODE=2(x3) SLURM_STEP_NODELIST=n[07-09] SLURM_NODELIST=n[01-09] ";

    @Test
    void nothingLaunchedASingleProcess() {
        assertEquals(WorkerIdentity.SINGLE, identity(""));
        assertEquals(WorkerIdentity.SINGLE, identity("RANK=0 WORLD_SIZE=1"));
        assertEquals(WorkerIdentity.SINGLE, identity("PMI_RANK=0 PMI_SIZE=1"));
        assertEquals(WorkerIdentity.SINGLE, identity("MASTER_ADDR=here MASTER_PORT=1234"));
    }

    @Test
    void eachLauncherTellsItInItsWords() {
        assertEquals(new WorkerIdentity(5, 8, 1, 4, "head", 1234),
                identity("RANK=5 WORLD_SIZE=8 LOCAL_RANK=1 LOCAL_WORLD_SIZE=4 MASTER_ADDR=head MASTER_PORT=1234"));
        assertEquals(new WorkerIdentity(1, 2, 1, 2, "127.0.0.1", 29500), identity("RANK=1 WORLD_SIZE=2 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2"));
        assertEquals(new WorkerIdentity(3, 4, 0, 1, "head", 29500), identity("RANK=3 WORLD_SIZE=4 MASTER_ADDR=head"));
        assertEquals(new WorkerIdentity(3, 4, 3, 4, "127.0.0.1", 29500), identity("OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4"
                + " OMPI_COMM_WORLD_LOCAL_RANK=3 OMPI_COMM_WORLD_LOCAL_SIZE=4"));
        assertEquals(new WorkerIdentity(3, 4, 1, 2, "", 29500), identity("PMI_RANK=3 PMI_SIZE=4 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=2"));
        assertEquals(new WorkerIdentity(2, 4, 0, 1, "pod-0", 29400),
                identity("PET_NODE_RANK=2 PET_NNODES=4 PET_NPROC_PER_NODE=1 PET_MASTER_ADDR=pod-0 PET_MASTER_PORT=29400"));
    }

    @Test
    void anInnerLauncherCountsBeforeAnOuterOne() {
        String mpi = "PMI_RANK=3 PMI_SIZE=4 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=4 ";
        assertEquals(3, identity(STEP + mpi).rank());
        assertEquals(1, identity(STEP + mpi + "RANK=1 WORLD_SIZE=2 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2").rank());
    }

    @Test
    void aStepOfSlurmHasItsOwnTasksAndHosts() {
        WorkerIdentity identity = identity(STEP);
        assertEquals(new WorkerIdentity(5, 6, 1, 2, "n07", identity.masterPort()), identity);
        assertTrue(identity.masterPort() >= 20_000 && identity.masterPort() < 32_000);
        assertEquals(identity.masterPort(), identity(STEP + "SLURM_PROCID=4").masterPort(), "alike in all tasks");
        assertTrue(identity.masterPort() != identity(STEP + "SLURM_STEP_ID=1").masterPort());
        assertEquals(new WorkerIdentity(5, 6, 1, 2, "head", 1234), identity(STEP + "MASTER_ADDR=head MASTER_PORT=1234"));
        assertEquals(1, identity(STEP + "SLURM_STEP_TASKS_PER_NODE=3,2,1 SLURM_LOCALID=0").localSize());
        assertEquals(5, identity(STEP + "PMI_RANK=5 PMI_SIZE=6").rank(), "srun --mpi=pmi2");
    }

    @ParameterizedTest
    @CsvSource({
        "'n1', n1", "'n1,n2', n1", "'n[001-004,007],gpu3', n001", "'n[7,9]', n7", "'rack[1-2]n[03-04]', rack1n03", "'a-b[10-12]-ib', a-b10-ib"})
    void theFirstHostOfAList(String list, String first) {
        assertEquals(first, identity(STEP + "SLURM_STEP_NODELIST=" + list).masterAddress());
    }

    /** What a batch script, a shell of salloc and one on a node have; the last as clusters show it. */
    @ParameterizedTest
    @CsvSource({
        "SLURM_JOB_ID=7 SLURM_NTASKS=8 SLURM_NODELIST=n[1-2] SLURM_TASKS_PER_NODE=4(x2)",
        "SLURM_JOB_ID=7 SLURM_NTASKS=8 SLURM_NODELIST=n[1-2] SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NODEID=0",
        "SLURM_JOB_ID=7 SLURM_NTASKS=8 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_STEP_ID=4294967290 SLURM_STEP_NUM_TASKS=1 SLURM_PTY_PORT=3",
        "SLURM_JOB_ID=7 SLURM_NTASKS=8 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_STEP_ID=4294967291",
        "SLURM_JOB_ID=7 SLURM_STEP_ID=3 SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_PTY_PORT=3"})
    void anAllocationIsNoRank(String variables) {
        assertEquals(WorkerIdentity.SINGLE, identity(variables));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "RANK=2 WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=2 | rank 2 of 2",
        "RANK=x WORLD_SIZE=2 | RANK must be a whole number from 0 on (got 'x')",
        "RANK=-1 WORLD_SIZE=2 | RANK must be a whole number from 0 on (got '-1')",
        "RANK=1 | RANK=1 is set without WORLD_SIZE",
        "WORLD_SIZE=4 | WORLD_SIZE=4 is set without RANK",
        "RANK=1 WORLD_SIZE=4 LOCAL_RANK=1 | LOCAL_RANK=1 is set without LOCAL_WORLD_SIZE",
        "RANK=1 WORLD_SIZE=4 | MASTER_ADDR is not set",
        "RANK=1 WORLD_SIZE=4 LOCAL_RANK=2 LOCAL_WORLD_SIZE=2 MASTER_ADDR=a | local rank 2 of 2",
        "RANK=1 WORLD_SIZE=4 LOCAL_RANK=2 LOCAL_WORLD_SIZE=8 MASTER_ADDR=a | local rank 2 of 8",
        "RANK=1 WORLD_SIZE=0 LOCAL_RANK=0 LOCAL_WORLD_SIZE=1 MASTER_ADDR=a | rank 1 of 0",
        "RANK=1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=70000 | MASTER_PORT must be from 1 to 65535 (got 70000)",
        "RANK=1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=http | MASTER_PORT must be a whole number",
        "RANK=0 WORLD_SIZE=2 MASTER_ADDR=a PET_NPROC_PER_NODE=8 | PET_NPROC_PER_NODE=8 asks for more than one process",
        "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 | is set without OMPI_COMM_WORLD_LOCAL_RANK and OMPI_COMM_WORLD_LOCAL_SIZE",
        "PMI_RANK=1 PMI_SIZE=2 | without MPI_LOCALRANKID and MPI_LOCALNRANKS",
        "PET_NODE_RANK=1 PET_NNODES=1:4 PET_MASTER_ADDR=a | PET_NNODES must be a whole number from 0 on (got '1:4')",
        "PET_NODE_RANK=1 PET_NNODES=4 | PET_MASTER_ADDR",
        "SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 SLURM_LOCALID=0 SLURM_NODELIST=a SLURM_PTY_PORT=3 | 'srun --pty'",
        "SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 SLURM_LOCALID=0 | neither MASTER_ADDR nor SLURM_STEP_NODELIST",
        "SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 SLURM_NODELIST=a | SLURM_LOCALID must be a whole number from 0 on, and is not set",
        "SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 SLURM_LOCALID=0 SLURM_NODEID=3 SLURM_NODELIST=a SLURM_TASKS_PER_NODE=2(x2) | node 3"})
    void whatDoesNotFitTogetherIsRefused(String variables, String expected) {
        String message = assertThrows(InvalidInputException.class, () -> identity(variables)).getMessage();
        assertTrue(message.contains(expected), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void aProcessHasTheGpuOfItsNumberOnItsHost() {
        WorkerIdentity identity = new WorkerIdentity(5, 8, 1, 4, "head", 1234);
        assertEquals(Device.gpu(1), RankDevice.gpu(identity, 4, Map.of()));
        assertEquals(Device.gpu(1), RankDevice.gpu(identity, 8, Map.of("CUDA_VISIBLE_DEVICES", "0,1,2,3,4,5,6,7")));
        assertEquals(Device.gpu(0), RankDevice.gpu(identity, 1, Map.of("CUDA_VISIBLE_DEVICES", "3")), "chosen by the launcher");
        String message = assertThrows(InvalidInputException.class, () -> RankDevice.gpu(identity, 2, Map.of())).getMessage();
        assertTrue(message.contains("4 processes on ") && message.contains("2 GPUs"), message);
    }
}
