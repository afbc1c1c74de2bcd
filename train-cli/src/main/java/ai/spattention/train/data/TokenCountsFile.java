package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.TrainingCounts;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.train.terminal.CountProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Counts of a training split, kept beside it: counting reads all of it twice. */
public final class TokenCountsFile {

    /** The file's name in a folder of prepared data. */
    public static final String FILE = "token-counts.json";

    private static final int PART = 1 << 20;

    private TokenCountsFile() {}

    /**
     * Reads the counts, or makes and keeps them where there are none of these data and this share.
     *
     * @param data the data
     * @param commonFrom the least share of all bigrams that makes one common
     * @param notes gets a line if counts are damaged, or cannot be kept
     * @return the counts
     * @throws InvalidInputException if the training split holds fewer than two tokens
     * @throws IOException if the data cannot be read
     */
    public static TrainingCounts of(PreparedData data, double commonFrom, Consumer<String> notes) throws IOException {
        Path file = data.folder().resolve(FILE);
        String fingerprint = data.manifest().fingerprint();
        int vocabSize = data.manifest().tokenizer().vocabSize();
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            try {
                TrainingCounts kept = TrainingCounts.parse(file.toString(), Files.readString(file));
                if (kept.areOf(fingerprint, vocabSize, commonFrom)) {
                    return kept;
                }
            } catch (InvalidInputException | IOException e) {
                notes.accept("warning: the training tokens are counted again: " + e.getMessage());
            }
        }
        TrainingCounts counts = count(data, fingerprint, vocabSize, commonFrom);
        try {
            AtomicFile.write(file, counts.toJson());
        } catch (InvalidInputException | IOException e) {
            notes.accept("warning: the counts of the training tokens are not kept: " + e.getMessage());
        }
        return counts;
    }

    private static TrainingCounts count(PreparedData data, String fingerprint, int vocabSize, double commonFrom) throws IOException {
        long all = data.manifest().tokens(Split.TRAIN);
        try (TokenSequences tokens = data.sequences(Split.TRAIN, 1);
                CountProgress progress = new CountProgress("counting training tokens", 0, 2 * all)) {
            long[] done = {0};
            return TrainingCounts.of(fingerprint, vocabSize, commonFrom, part -> {
                for (long from = 0; from < all; from += PART) {
                    int count = (int) Math.min(PART, all - from);
                    part.accept(tokens.readTokens(from, count));
                    done[0] += count;
                    progress.done(done[0]);
                }
            });
        }
    }
}
