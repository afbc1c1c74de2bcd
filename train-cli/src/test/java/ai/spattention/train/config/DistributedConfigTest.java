package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.train.distributed.CollectiveBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DistributedConfigTest {

    private static final DistributedConfig DEFAULTS = new DistributedConfig(ShardMode.OPTIMIZER, true, 600, CollectiveBackend.AUTO);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().distributed());
        assertEquals("optimizer", DEFAULTS.shard().toString(), "the word of the configuration, as bench train prints it");
    }

    @Test
    void everyKey() {
        DistributedConfig changed = ConfigFiles.load("distributed.shard=gradients", "distributed.overlap=false", "distributed.timeout_seconds=30",
                "distributed.backend=mpi").distributed();
        assertEquals(new DistributedConfig(ShardMode.GRADIENTS, false, 30, CollectiveBackend.MPI), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "distributed.shard=weights | 'distributed.shard must be one of none, optimizer, gradients (got ''weights'')'",
            "distributed.timeout_seconds=0 | distributed.timeout_seconds must be at least 1 (got 0)",
            "distributed.backend=gloo | 'distributed.backend must be one of auto, nccl, mpi (got ''gloo'')'",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
