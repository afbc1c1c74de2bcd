package ai.spattention.train.distributed;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** The collectives of this process, numbered: those that are under way, and the last that have ended. All methods may be called by any thread. */
final class CollectiveLog {

    /** How many are kept. */
    static final int KEPT = 32;

    private final Deque<Entry> last = new ArrayDeque<>();
    private final Deque<Entry> underWay = new ArrayDeque<>(); // in the order in which they began, which is that in which they end
    private long count;
    private double seconds;

    /** A collective. */
    static final class Entry {

        final long number;
        final String name;
        final long elements;
        final Thread caller = Thread.currentThread();
        final Instant start = Instant.now();
        private final Moment begun;
        private Moment ended; // once the call has returned
        private Instant end; // once that moment is reached
        private long runsSince; // System.nanoTime() at which it was first seen to run; 0 before

        private Entry(long number, String name, long elements, Moment begun) {
            this.number = number;
            this.name = name;
            this.elements = elements;
            this.begun = begun;
        }

        /** When it ended; empty while it has not, or it failed. */
        Optional<Instant> end() {
            return Optional.ofNullable(end);
        }

        @Override
        public String toString() {
            return name + " (collective " + number + (elements > 0 ? ", " + elements + " elements)" : ")");
        }
    }

    /** Something begins. */
    synchronized Entry begin(String name, long elements, Moment moment) {
        Entry entry = new Entry(++count, name, elements, moment);
        last.add(entry);
        if (last.size() > KEPT) {
            last.remove();
        }
        underWay.add(entry);
        return entry;
    }

    /** The call has returned; it ends at a moment of the backend's. */
    synchronized void returned(Entry entry, Moment moment) {
        entry.ended = moment;
        sweep();
    }

    /** The call has failed: whoever called it knows, by an exception that nothing here may hide. */
    synchronized void failed(Entry entry, Throwable failure) {
        if (underWay.remove(entry)) {
            try {
                entry.begun.close();
                if (entry.ended != null) {
                    entry.ended.close();
                }
            } catch (RuntimeException | Error e) {
                failure.addSuppressed(e);
            }
        }
    }

    /** The first that has begun to run on the device, and has not ended; empty if there is none. */
    synchronized Optional<Entry> running() {
        sweep();
        Entry first = underWay.peek();
        if (first == null || !first.begun.isReached()) {
            return Optional.empty();
        }
        if (first.runsSince == 0) {
            first.runsSince = System.nanoTime();
        }
        return Optional.of(first);
    }

    /** For how long one has been seen to run. */
    synchronized double secondsOf(Entry entry) {
        return (System.nanoTime() - entry.runsSince) / 1e9;
    }

    /** The seconds that all collectives took which have ended. */
    synchronized double seconds() {
        sweep();
        return seconds;
    }

    /** The last ones, the oldest first. */
    synchronized List<Entry> last() {
        return List.copyOf(last);
    }

    private void sweep() {
        Iterator<Entry> entries = underWay.iterator();
        while (entries.hasNext()) {
            Entry entry = entries.next();
            if (entry.ended == null || !entry.ended.isReached()) {
                return;
            }
            seconds += entry.ended.secondsSince(entry.begun);
            entry.end = Instant.now();
            entries.remove();
            entry.begun.close();
            entry.ended.close();
        }
    }
}
