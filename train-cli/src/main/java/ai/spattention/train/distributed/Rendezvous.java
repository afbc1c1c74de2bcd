package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Where the processes of a run find each other, by TCP: rank 0 serves at the master's address, looks at everyone's {@link Passport}, and gives all
 * of them the same answer: its payload, or why there is none. Whoever is no process of the run is let go; nothing that it sends
 * is kept.
 *
 * <p>Under torchrun its agent may hold MASTER_PORT: then rank 0 serves at the next one, and the others try both.
 */
public final class Rendezvous {

    /** How many ports are tried from MASTER_PORT on. */
    static final int PORTS = 2;

    private final WorkerIdentity identity;
    private final Duration timeout;

    /**
     * Creates a rendezvous.
     *
     * @param identity this process
     * @param timeout how long to wait for all others
     * @throws InvalidInputException if no launcher has told where rank 0 is
     */
    public Rendezvous(WorkerIdentity identity, Duration timeout) {
        if (identity.size() > 1 && (identity.masterAddress().isEmpty() || identity.masterPort() == 0)) {
            throw new InvalidInputException("MASTER_ADDR is not set, and there are processes on several hosts: set it to the host of rank 0,"
                    + " and MASTER_PORT to a free port there");
        }
        this.identity = identity;
        this.timeout = timeout;
    }

    /**
     * Meets the others.
     *
     * @param passport this process's
     * @param payload what rank 0 has for all; asked there only, once everyone's passport fits
     * @return rank 0's payload
     * @throws InvalidInputException if passports differ, or no port is free: on all ranks
     * @throws CollectiveException if a process does not come in time: on all ranks that came
     */
    public byte[] meet(Passport passport, Supplier<byte[]> payload) {
        if (identity.size() == 1) {
            return payload.get();
        }
        Verdict verdict;
        if (identity.rank() == 0) {
            try (RendezvousServer server = new RendezvousServer(identity, passport, timeout)) {
                verdict = server.meet(payload);
            }
        } else {
            verdict = new RendezvousClient(identity, timeout).meet(passport);
        }
        return verdict.payloadOrThrow();
    }
}
