package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.data.source.InputFile;
import ai.spattention.train.data.source.PartReader;
import ai.spattention.train.data.source.TextPart;
import java.io.Closeable;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The documents of many files, lightly mixed: the files come in an order drawn by the seed, {@value #OPEN_FILES} of them are
 * open at a time, and each document is taken from one of these, drawn again. What comes depends on the files, their names and
 * the seed alone. A stream can go on from a position that another one had.
 */
final class DocumentStream implements Closeable {

    static final int OPEN_FILES = 4;

    /**
     * A place between two parts.
     *
     * @param nextFile how many files have been opened
     * @param draws how many documents have been drawn
     * @param open the open files
     * @param current the open file whose document has not ended, or -1
     * @param finishedIdentity the sum of the identities of the files that have been read
     * @param finishedBytes the sum of their sizes
     */
    record Position(int nextFile, long draws, List<OpenPosition> open, int current, long finishedIdentity,
            long finishedBytes) {

        static final Position START = new Position(0, 0, List.of(), -1, 0, 0);
    }

    /**
     * A place in an open file.
     *
     * @param file its index in the drawn order
     * @param parts how many parts have been read
     * @param hash the hash of their texts
     */
    record OpenPosition(int file, long parts, long hash) {}

    /** A part of a document with what is known of the document. */
    record Part(TextPart text, Origin origin, Split split) {}

    private final List<InputFile> files;
    private final String field;
    private final DocumentSeparator separator;
    private final Tokenizer tokenizer;
    private final long seed;
    private final Split split;
    private final double validationFraction;
    private final SequenceOrder fileOrder;
    private final MessageDigest digest = Sha256.digest();
    private final List<OpenFile> open = new ArrayList<>();

    private int nextFile;
    private long draws;
    private int current;
    private long finishedIdentity;
    private long finishedBytes;

    /**
     * Opens a stream.
     *
     * @param split where documents go
     * @param validationFraction the fraction of the documents that go to validation instead, chosen by the hash of their text
     * @param from where to go on
     * @throws InvalidInputException if the files are not those that were read up to that position
     */
    DocumentStream(List<InputFile> files, String field, DocumentSeparator separator, Tokenizer tokenizer, long seed, Split split,
            double validationFraction, Position from) throws IOException {
        this.files = files;
        this.field = field;
        this.separator = separator;
        this.tokenizer = tokenizer;
        this.seed = seed;
        this.split = split;
        this.validationFraction = validationFraction;
        fileOrder = new SequenceOrder(files.size(), seed, 0);
        nextFile = from.nextFile();
        draws = from.draws();
        current = from.current();
        finishedIdentity = from.finishedIdentity();
        finishedBytes = from.finishedBytes();
        try {
            requireUnchanged(from);
            for (OpenPosition position : from.open()) {
                OpenFile file = new OpenFile(position.file());
                open.add(file);
                file.skipTo(position);
            }
            if (from.equals(Position.START)) {
                while (open.size() < OPEN_FILES && nextFile < files.size()) {
                    open.add(new OpenFile(nextFile++));
                }
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void requireUnchanged(Position from) throws IOException {
        long identities = 0;
        List<Integer> stillOpen = from.open().stream().map(OpenPosition::file).toList();
        for (int i = 0; i < from.nextFile(); i++) {
            identities += stillOpen.contains(i) ? 0 : identity(file(i));
        }
        if (identities != from.finishedIdentity()) {
            throw new InvalidInputException("cannot go on: an input file that had been read has changed since then;"
                    + " delete the output folder and start again");
        }
    }

    private InputFile file(int index) {
        return files.get((int) fileOrder.at(index));
    }

    private static long identity(InputFile file) throws IOException {
        return Sha256.prefix(file.identity());
    }

    /** Reads on; empty at the end. */
    Optional<Part> next() throws IOException {
        while (!open.isEmpty()) {
            if (current < 0) {
                current = new SplittableRandom(seed + draws * 0x9E3779B97F4A7C15L).nextInt(open.size());
                draws++;
            }
            OpenFile file = open.get(current);
            Optional<TextPart> text = file.next();
            if (text.isPresent()) {
                TextPart part = text.get();
                current = part.last() ? -1 : current;
                return Optional.of(new Part(part, new Origin(part.id(), file.input.name(), part.line()),
                        file.documentSplit));
            }
            replace(file);
        }
        return Optional.empty();
    }

    private void replace(OpenFile file) throws IOException {
        file.close();
        if (identity(file.input) != file.identity) {
            throw new InvalidInputException(file.input.path() + " changed while it was read: start again when it is complete");
        }
        finishedIdentity += file.identity;
        finishedBytes += file.input.size();
        if (nextFile < files.size()) {
            open.set(current, new OpenFile(nextFile++));
        } else {
            open.remove(current);
        }
        current = -1;
    }

    Position position() {
        return new Position(nextFile, draws,
                open.stream().map(file -> new OpenPosition(file.index, file.parts, file.hash)).toList(), current,
                finishedIdentity, finishedBytes);
    }

    /** Bytes of the files that have been read. */
    long bytesRead() {
        return finishedBytes + open.stream().mapToLong(file -> file.reader.bytesRead()).sum();
    }

    @Override
    public void close() throws IOException {
        Resources.closeAll(open);
    }

    private final class OpenFile implements Closeable {

        private final int index;
        private final InputFile input;
        private final long identity;
        private final PartReader reader;
        private long parts;
        private long hash;
        private Split documentSplit;

        OpenFile(int index) throws IOException {
            this.index = index;
            input = file(index);
            identity = identity(input);
            reader = input.open(field, separator, tokenizer);
        }

        Optional<TextPart> next() throws IOException {
            Optional<TextPart> part = reader.next();
            if (part.isPresent()) {
                String text = part.get().text();
                parts++;
                hash = (hash ^ text.hashCode() ^ (long) text.length() << 32) * 0x9E3779B97F4A7C15L;
                if (part.get().first()) { // a text that occurs twice must not be on both sides
                    double fraction = (Sha256.prefix(text, digest) >>> 11) * 0x1p-53;
                    documentSplit = fraction < validationFraction ? Split.VALIDATION : split;
                }
            }
            return part;
        }

        void skipTo(OpenPosition position) throws IOException {
            boolean there = true;
            while (there && parts < position.parts()) {
                there = next().isPresent();
            }
            if (!there || hash != position.hash()) {
                throw new InvalidInputException("cannot go on: " + input.path()
                        + " has changed in the part that had been read; delete the output folder and start again");
            }
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }
}
