package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;
import ai.spattention.train.distributed.CollectiveBackend;

/** Several processes that train one model; without effect in a run of one. */
public record DistributedConfig(
        @Key(meaning = "what each process keeps a part of: nothing (none), the optimizer's moments (optimizer), also gradients between micro"
                + " batches (gradients); optimizer sends as many bytes a step as none, gradients as many again for each further"
                + " micro batch", defaultValue = "optimizer")
        ShardMode shard,
        @Key(meaning = "whether planned passes sum gradients over the processes behind the last backward pass of a step, a layer's when they are"
                + " complete, or when the step ends; gradients that are shared out are always summed behind passes", defaultValue = "true")
        boolean overlap,
        @Key(meaning = "how long a process waits for the others before the run ends with an error", unit = "seconds", defaultValue = "600")
        @Range(min = 1) int timeoutSeconds,
        @Key(meaning = "what sums are computed with; auto: nccl on GPUs, mpi on processors", defaultValue = "auto") CollectiveBackend backend) {

    private static final RecordKeys<DistributedConfig> KEYS = RecordKeys.of(DistributedConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range
     */
    public DistributedConfig {
        KEYS.check("distributed", shard, overlap, timeoutSeconds, backend);
    }
}
