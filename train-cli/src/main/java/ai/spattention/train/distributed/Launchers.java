package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import java.util.Optional;

/**
 * What each launcher tells a process. The names are those of the launchers' own manuals: torchrun's "Environment Variables", mpirun(1) of Open MPI,
 * the environment that MPICH's Hydra sets, and Kubeflow's Trainer for PET_*, which are the options of a torchrun in a pod.
 */
final class Launchers {

    /** Where torchrun's agents meet if nobody says otherwise. */
    private static final int USUAL_PORT = 29500;

    private Launchers() {}

    static Optional<WorkerIdentity> identity(Variables variables) {
        return torchrun(variables).or(() -> openMpi(variables)).or(() -> pmi(variables)).or(() -> SlurmStep.identity(variables))
                .or(() -> pod(variables));
    }

    private static Optional<WorkerIdentity> torchrun(Variables variables) {
        if (!variables.haveAll("RANK", "WORLD_SIZE")) {
            return Optional.empty();
        }
        int rank = variables.number("RANK");
        int size = variables.number("WORLD_SIZE");
        if (variables.haveAll("LOCAL_RANK", "LOCAL_WORLD_SIZE")) {
            return Optional.of(told(variables, rank, size, variables.number("LOCAL_RANK"), variables.number("LOCAL_WORLD_SIZE")));
        }
        requireOneProcess(variables);
        return Optional.of(told(variables, rank, size, 0, 1)); // a process a host, as pods are numbered
    }

    private static Optional<WorkerIdentity> openMpi(Variables variables) {
        if (!variables.haveAll("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE")) {
            return Optional.empty();
        }
        return Optional.of(known(variables, variables.number("OMPI_COMM_WORLD_RANK"), variables.number("OMPI_COMM_WORLD_SIZE"),
                variables.number("OMPI_COMM_WORLD_LOCAL_RANK"), variables.number("OMPI_COMM_WORLD_LOCAL_SIZE")));
    }

    private static Optional<WorkerIdentity> pmi(Variables variables) {
        if (!variables.haveAll("PMI_RANK", "PMI_SIZE")) {
            return Optional.empty();
        }
        int rank = variables.number("PMI_RANK");
        int size = variables.number("PMI_SIZE");
        if (size == 1) {
            return Optional.of(WorkerIdentity.SINGLE);
        }
        if (variables.haveAll("MPI_LOCALRANKID", "MPI_LOCALNRANKS")) {
            return Optional.of(known(variables, rank, size, variables.number("MPI_LOCALRANKID"), variables.number("MPI_LOCALNRANKS")));
        }
        // srun --mpi=pmi2 tells the ranks twice, and those of the host only in its own words
        Optional<WorkerIdentity> step = SlurmStep.identity(variables).filter(own -> own.rank() == rank && own.size() == size);
        if (step.isEmpty()) {
            throw new InvalidInputException("PMI_RANK=" + rank + ", PMI_SIZE=" + size + " is set without MPI_LOCALRANKID and MPI_LOCALNRANKS:"
                    + " set these to the process's number on its host and how many that has");
        }
        return step;
    }

    private static Optional<WorkerIdentity> pod(Variables variables) {
        if (!variables.has("PET_NODE_RANK")) {
            return Optional.empty(); // PET_NNODES and others are options of a torchrun that numbers processes by itself
        }
        requireOneProcess(variables);
        int rank = variables.number("PET_NODE_RANK");
        int size = variables.number("PET_NNODES"); // a range (1:4) is torchrun's to settle
        String address = variables.firstOf("MASTER_ADDR", "PET_MASTER_ADDR");
        String port = variables.has("MASTER_PORT") ? "MASTER_PORT" : "PET_MASTER_PORT";
        if (size > 1 && address.isEmpty()) {
            throw new InvalidInputException("PET_NODE_RANK is set without PET_MASTER_ADDR: set it to the host of rank 0");
        }
        return Optional.of(new WorkerIdentity(rank, size, 0, 1, address, variables.has(port) ? variables.number(port) : USUAL_PORT));
    }

    /** In a pod that is to have several processes, something has to start them. */
    private static void requireOneProcess(Variables variables) {
        String processes = variables.text("PET_NPROC_PER_NODE");
        if (!processes.isEmpty() && !processes.equals("1")) {
            throw new InvalidInputException("PET_NPROC_PER_NODE=" + processes + " asks for more than one process in this pod: start them with"
                    + " 'spattn launch --processes N' or 'torchrun --no-python', or set it to 1");
        }
    }

    /** Of a launcher that tells where rank 0 is, as soon as there are several hosts. */
    private static WorkerIdentity told(Variables variables, int rank, int size, int localRank, int localSize) {
        if (size > localSize && !variables.has("MASTER_ADDR")) {
            throw new InvalidInputException("RANK=" + rank + ", WORLD_SIZE=" + size + " names " + (size - localSize)
                    + " processes on other hosts, and MASTER_ADDR is not set: set it to the host of rank 0");
        }
        return known(variables, rank, size, localRank, localSize);
    }

    /** Of a launcher that may leave to the user where rank 0 is: MPI finds the way by itself. */
    private static WorkerIdentity known(Variables variables, int rank, int size, int localRank, int localSize) {
        String address = variables.has("MASTER_ADDR") ? variables.text("MASTER_ADDR") : size == localSize ? "127.0.0.1" : "";
        return new WorkerIdentity(rank, size, localRank, localSize, address,
                variables.has("MASTER_PORT") ? variables.number("MASTER_PORT") : USUAL_PORT);
    }
}
