package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CheckpointWaitsTest {

    @Test
    void theFirstLongWaitIsToldOnce() {
        List<String> told = new ArrayList<>();
        CheckpointWaits waits = new CheckpointWaits(told::add);
        waits.waited(100, 200, CheckpointWaits.TELLING / 2);
        assertEquals(List.of(), told);
        waits.waited(200, 300, 12.34);
        waits.waited(300, 400, 99);
        assertEquals(List.of("the checkpoint of step 200 was still being written when that of step 300 was due: the run waited 12.3 s for it"
                + " (later waits are not told); raise checkpoint.every_steps, or write to a faster disk"), told);
    }
}
