package ai.spattention.train.data;

import ai.spattention.olmoe.io.Failures;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Encodes the pieces of blocks on several threads. */
final class BlockEncoder implements AutoCloseable {

    /** Pieces are handed out in portions of about so many characters: a portion a document would cost more than it gains. */
    private static final int PORTION = 1 << 16;

    /** A block whose pieces are being encoded. */
    static final class Encoding {

        private final DocumentBlock block;
        private final int[][] ids;
        private final long[] bytes;
        private final List<Future<?>> portions = new ArrayList<>();

        private Encoding(DocumentBlock block) {
            this.block = block;
            ids = new int[block.texts().length][];
            bytes = new long[ids.length];
        }

        DocumentBlock block() {
            return block;
        }

        /** Waits until all pieces are encoded. */
        void await() throws IOException {
            try {
                for (Future<?> portion : portions) {
                    portion.get();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while text was encoded");
            } catch (ExecutionException e) {
                throw Failures.asThrown(e.getCause());
            }
        }

        /** The ids of a document, piece by piece. */
        List<int[]> ids(DocumentBlock.Run run) {
            return Arrays.asList(ids).subList(run.firstPiece(), run.firstPiece() + run.pieces());
        }

        /** The bytes of a document's text in UTF-8. */
        long bytes(DocumentBlock.Run run) {
            return Arrays.stream(bytes, run.firstPiece(), run.firstPiece() + run.pieces()).sum();
        }
    }

    private final Tokenizer tokenizer;
    private final ExecutorService threads;

    BlockEncoder(Tokenizer tokenizer, int threads) {
        this.tokenizer = tokenizer;
        this.threads = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "encode");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Begins to encode a block. */
    Encoding begin(DocumentBlock block) {
        Encoding encoding = new Encoding(block);
        int from = 0;
        long size = 0;
        for (int i = 0; i < block.texts().length; i++) {
            size += block.texts()[i].length();
            if (size >= PORTION || i == block.texts().length - 1) {
                int first = from;
                int end = i + 1;
                encoding.portions.add(threads.submit(() -> encode(block.texts(), encoding, first, end)));
                from = end;
                size = 0;
            }
        }
        return encoding;
    }

    private void encode(String[] texts, Encoding encoding, int from, int end) {
        for (int i = from; i < end; i++) {
            encoding.ids[i] = tokenizer.encodeOrdinary(texts[i]);
            encoding.bytes[i] = utf8Length(texts[i]);
            texts[i] = null;
        }
    }

    static long utf8Length(String text) {
        long bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2; // two surrogates are four bytes
            }
        }
        return bytes;
    }

    /** Stops; what is still to be encoded is not. */
    @Override
    public void close() {
        threads.shutdownNow();
        boolean interrupted = false;
        while (!threads.isTerminated()) { // the tokenizer must not be closed under a thread
            try {
                threads.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
