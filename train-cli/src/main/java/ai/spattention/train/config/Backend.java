package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What the processes of a run compute sums with. */
public enum Backend {

    /** NCCL on GPUs, MPI on processors. */
    @JsonProperty("auto")
    AUTO,

    /** NVIDIA's library, between GPUs. */
    @JsonProperty("nccl")
    NCCL,

    /** An MPI library, between processors. */
    @JsonProperty("mpi")
    MPI
}
