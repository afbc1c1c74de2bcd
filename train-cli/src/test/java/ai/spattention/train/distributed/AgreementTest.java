package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.distributed.Agreement.Ending;
import ai.spattention.train.distributed.Agreement.Reason;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class AgreementTest {

    /** What four ranks, some of which fail, agree on. */
    private static Optional<Reason> agreed(Map<Integer, Throwable> failures) throws Exception {
        List<Optional<Reason>> all = TurnCollectives.run(4, own -> new Agreement(own).meet(Optional.ofNullable(failures.get(own.rank()))));
        assertEquals(Collections.nCopies(4, all.get(0)), all);
        return all.get(0);
    }

    @Test
    void allGoOnOrLeaveForTheSameReason() throws Exception {
        assertEquals(Optional.empty(), agreed(Map.of()));
        assertEquals(Optional.of(new Reason(2, Ending.STOPPED, "enough")), agreed(Map.of(2, new CancellationException("enough"))));
        assertEquals(Optional.of(new Reason(1, Ending.FAILED, "Gerät weg")), agreed(Map.of(0, new CancellationException(), 1,
                new IOException("Gerät weg"), 3, new InvalidInputException("no"))), "a failure counts before a stop");
        assertEquals(Optional.of(new Reason(3, Ending.REFUSED, "x".repeat(400))), agreed(Map.of(3, new InvalidInputException("x".repeat(500)))));
        assertEquals(Optional.of(new Reason(0, Ending.FAILED, "null")), agreed(Map.of(0, new OutOfMemoryError())));
    }

    @Test
    void aRankKeepsItsOwnFailureAndOthersAreToldIt() {
        IOException full = new IOException("full");
        var ended = TurnCollectives.tryAll(3, own -> {
            new Agreement(own).require("write", () -> {
                if (own.rank() == 1) {
                    throw new CompletionException(full);
                }
            });
            return true;
        });
        assertSame(full, ended.get(1).failure().orElseThrow());
        for (int rank : new int[] {0, 2}) {
            assertEquals("java.io.IOException: rank 1 of 3 could not write: full", ended.get(rank).failure().orElseThrow().toString());
        }
    }

    @Test
    void ofTwoFailuresItsOwnMattersMoreThanThatOthersAreGone() throws Exception {
        List<String> told = TurnCollectives.run(1, own -> assertThrows(IOException.class, () -> new Agreement(new MortalCollectives(own, 0))
                .require("write", () -> {
                    throw new IOException("full");
                })).getMessage());
        assertEquals(List.of("full"), told);
    }
}
