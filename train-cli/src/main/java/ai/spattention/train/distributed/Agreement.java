package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Failures;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;

/** What each rank does for itself, and all go on from together: if it fails or is stopped on one, it ends on all. */
public final class Agreement {

    /** Letters of a message that the other ranks are told. */
    private static final int LETTERS = 400;

    private final Collectives collectives;

    /**
     * Creates the agreement of a run's ranks.
     *
     * @param collectives the ranks; stay the caller's
     */
    public Agreement(Collectives collectives) {
        this.collectives = collectives;
    }

    /** How a rank's part ended. */
    public enum Ending {

        /** It is done. */
        DONE,

        /** It was asked to stop. */
        STOPPED,

        /** Its input is not what it has to be. */
        REFUSED,

        /** It failed otherwise. */
        FAILED;

        static Ending of(Throwable failure) {
            return failure instanceof CancellationException ? STOPPED : failure instanceof InvalidInputException ? REFUSED : FAILED;
        }
    }

    /**
     * Why all ranks leave.
     *
     * @param rank the first that failed, or else the first that was stopped
     * @param ending how its part ended
     * @param message what it said
     */
    public record Reason(int rank, Ending ending, String message) {}

    /** What a rank does. */
    @FunctionalInterface
    public interface Action {

        /**
         * Acts.
         *
         * @throws IOException if it fails
         * @throws CompletionException if it failed in another thread, with the failure as its cause
         */
        void run() throws IOException;
    }

    /**
     * Tells all ranks how this one's part ended, and waits for theirs.
     *
     * @param failure why it did not come to its end; empty if it did
     * @return why all leave, the same on all ranks; empty if all parts are done
     */
    public Optional<Reason> meet(Optional<Throwable> failure) {
        double[] endings = collectives.ofEachRank(failure.map(Ending::of).orElse(Ending.DONE).ordinal());
        return first(endings, Ending.REFUSED).or(() -> first(endings, Ending.STOPPED)).map(rank -> new Reason(rank,
                Ending.values()[(int) endings[rank]], message(rank == collectives.rank() ? String.valueOf(failure.orElseThrow().getMessage()) : "")));
    }

    /** The first rank whose part ended so, or worse. */
    private static Optional<Integer> first(double[] endings, Ending ending) {
        return IntStream.range(0, endings.length).filter(rank -> endings[rank] >= ending.ordinal()).boxed().findFirst();
    }

    /** The message of the one rank that has one. */
    private String message(String own) {
        double[] letters = new double[LETTERS];
        for (int i = 0; i < Math.min(LETTERS, own.length()); i++) {
            letters[i] = own.charAt(i);
        }
        StringBuilder message = new StringBuilder();
        for (double letter : collectives.sum(letters)) {
            if (letter > 0) {
                message.append((char) letter);
            }
        }
        return message.toString();
    }

    /**
     * Acts, and waits until all ranks have.
     *
     * @param what what they do, for ranks that must end because of another: "write the checkpoint of step 5"
     * @param action this rank's part
     * @throws InvalidInputException if this rank's part was refused, or another's, which is named with what it said
     * @throws IOException if one failed otherwise
     */
    public void require(String what, Action action) throws IOException {
        Optional<Throwable> failure = failureOf(action);
        Optional<Reason> reason = Optional.empty();
        try {
            reason = meet(failure);
        } catch (RuntimeException e) { // others are gone, which matters less than why this one fails
            if (failure.isEmpty()) {
                throw e;
            }
        }
        if (failure.isPresent()) {
            throw Failures.asThrown(failure.get());
        }
        if (reason.isPresent()) {
            String message = "rank " + reason.get().rank + " of " + collectives.size() + " could not " + what + ": " + reason.get().message;
            if (reason.get().ending == Ending.REFUSED) {
                throw new InvalidInputException(message);
            }
            throw new IOException(message);
        }
    }

    private static Optional<Throwable> failureOf(Action action) {
        try {
            action.run();
            return Optional.empty();
        } catch (CompletionException e) { // of another thread
            return Optional.of(e.getCause());
        } catch (Throwable e) {
            return Optional.of(e);
        }
    }
}
