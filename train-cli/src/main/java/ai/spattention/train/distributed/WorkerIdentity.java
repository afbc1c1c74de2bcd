package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import java.util.Map;

/**
 * Which of a run's processes this one is.
 *
 * @param rank its number among all, from 0 on
 * @param size how many there are, at least 1
 * @param localRank its number among those of its host, from 0 on
 * @param localSize how many its host has, at least 1
 * @param masterAddress where rank 0 can be reached: a host's name or address; empty if no launcher told it, as mpiexec on several hosts
 * @param masterPort the port at which rank 0 serves, from 1 to 65535; 0 for a single process
 */
public record WorkerIdentity(int rank, int size, int localRank, int localSize, String masterAddress, int masterPort) {

    /** A run of one process, which nobody launched. */
    public static final WorkerIdentity SINGLE = new WorkerIdentity(0, 1, 0, 1, "127.0.0.1", 0);

    /**
     * Creates an identity.
     *
     * @throws InvalidInputException if the numbers do not fit together
     */
    public WorkerIdentity {
        if (size < 1 || rank < 0 || rank >= size) {
            throw new InvalidInputException("the launcher's variables give rank " + rank + " of " + size
                    + " processes: ranks are counted from 0 to the number of processes less 1");
        }
        if (localSize < 1 || localRank < 0 || localRank >= localSize || localSize > size) {
            throw new InvalidInputException("the launcher's variables give local rank " + localRank + " of " + localSize
                    + " processes on this host, of " + size + " in all: these numbers do not fit together");
        }
        if (masterPort < 0 || masterPort > 65535) {
            throw new InvalidInputException("MASTER_PORT must be from 1 to 65535 (got " + masterPort + ")");
        }
    }

    /**
     * Reads the variables of whatever launched this process. The first of these that tells a rank counts, for an outer launcher's variables
     * are inherited by what an inner one starts: torchrun's (also of {@code spattn launch}), Open MPI's, those of PMI (MPICH, Intel MPI), those of
     * a job step of Slurm, and PET_* of a pod of Kubernetes that torchrun was meant to read. MASTER_ADDR and MASTER_PORT
     * count with all of them.
     *
     * @param environment a process's environment
     * @return the identity; {@link #SINGLE} where nothing launched it
     * @throws InvalidInputException if variables are missing, no numbers, or do not fit together
     */
    public static WorkerIdentity of(Map<String, String> environment) {
        Variables variables = new Variables(environment);
        WorkerIdentity identity = Launchers.identity(variables).orElse(SINGLE);
        return identity.size == 1 ? SINGLE : identity;
    }

    /**
     * Whether all processes run on this host.
     *
     * @return true for a single process, too
     */
    public boolean isOneHost() {
        return localSize == size;
    }

    @Override
    public String toString() {
        return "rank " + rank + " of " + size;
    }
}
