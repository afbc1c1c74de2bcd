package ai.spattention.train.distributed;

import com.fasterxml.jackson.annotation.JsonProperty;

/** By what the processes of a run compute together. */
public enum CollectiveBackend {

    /** NCCL on GPUs, MPI on processors. */
    @JsonProperty("auto")
    AUTO,

    /** NCCL, which needs a GPU a process. */
    @JsonProperty("nccl")
    NCCL,

    /** MPI, in the host's memory. */
    @JsonProperty("mpi")
    MPI
}
