package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Text that only measures a model.
 *
 * @param name the name under which it is reported; {@code validation} for the one without a name
 * @param data the folder that holds it
 * @param split which of the folder's splits it is
 */
public record HeldOutSet(String name, PreparedData data, Split split) {

    /**
     * Finds the sets that a run is measured with.
     *
     * @param training the data that the run learns from
     * @param folders folders of prepared data by name, each with its held-out sets, or else all of its text; none for the held-out
     *     sets of the training data. Of several sets in a folder each has its own name behind the folder's
     * @return the sets that hold text
     * @throws InvalidInputException if a folder is no prepared data, was made with another tokenizer, holds what the run learns from,
     *     or gives a name that there is already
     * @throws IOException if reading fails
     */
    public static List<HeldOutSet> of(PreparedData training, Map<String, String> folders) throws IOException {
        if (folders.isEmpty()) {
            return splits(training).stream().map(split -> new HeldOutSet(split.name(), training, split)).toList();
        }
        List<HeldOutSet> sets = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Map.Entry<String, String> folder : folders.entrySet()) {
            PreparedData data = PreparedData.open(Path.of(folder.getValue()));
            requireTokenizer(folder.getKey(), data, training);
            List<Split> splits = splits(data);
            for (Split split : splits.isEmpty() ? List.of(Split.TRAIN) : splits) {
                HeldOutSet set = new HeldOutSet(splits.size() <= 1 ? folder.getKey() : name(folder.getKey(), split), data, split);
                set.requireNotLearntFrom(training);
                if (!names.add(set.name)) {
                    throw new InvalidInputException("there are two held-out sets '" + set.name + "' in data.validation_path: give the"
                            + " folders other names");
                }
                sets.add(set);
            }
        }
        return sets;
    }

    private static List<Split> splits(PreparedData data) {
        return data.manifest().heldOut().stream().filter(split -> data.manifest().tokens(split) > 0).toList();
    }

    private static String name(String folder, Split split) {
        return folder.equals(Split.VALIDATION.name()) ? split.name()
                : split.equals(Split.VALIDATION) ? folder : folder + "-" + split.name();
    }

    private static void requireTokenizer(String name, PreparedData data, PreparedData training) {
        Manifest.TokenizerInfo own = data.manifest().tokenizer();
        Manifest.TokenizerInfo wanted = training.manifest().tokenizer();
        if (!own.digest().equals(wanted.digest()) || own.vocabSize() != wanted.vocabSize() || own.eosId() != wanted.eosId()) {
            throw new InvalidInputException("the held-out data in " + data.folder() + " (" + name + ") was made with another tokenizer"
                    + " than the data in " + training.folder() + ": " + described(own) + ", not " + described(wanted)
                    + "; prepare it again with the latter's tokenizer.json");
        }
    }

    private static String described(Manifest.TokenizerInfo tokenizer) {
        return tokenizer.name() + " of " + tokenizer.vocabSize() + " ids, EOS " + tokenizer.eosId() + ", SHA-256 "
                + tokenizer.digest().substring(0, Math.min(8, tokenizer.digest().length()));
    }

    private void requireNotLearntFrom(PreparedData training) {
        Set<String> learnt = training.manifest().shards(Split.TRAIN).stream().map(Manifest.Shard::sha256).collect(Collectors.toSet());
        for (Manifest.Shard shard : data.manifest().shards(split)) {
            if (learnt.contains(shard.sha256())) {
                throw new InvalidInputException("data.validation_path names " + data.folder() + ", whose " + shard.file() + " is what the"
                        + " run learns from: name other text");
            }
        }
    }

    /**
     * The sets that a run is measured with: those of some folders, else the training data's own that hold a sequence.
     *
     * @param training what the run learns from
     * @param folders as in {@link #of}
     * @param length N, the tokens of a sequence
     * @return the sets
     * @throws InvalidInputException if a set that was asked for does not fit the training data, or is shorter than a sequence and the
     *     token after it
     * @throws IOException if data cannot be read
     */
    public static List<HeldOutSet> measured(PreparedData training, Map<String, String> folders, int length) throws IOException {
        List<HeldOutSet> measured = new ArrayList<>();
        for (HeldOutSet set : of(training, folders)) {
            if (set.tokens() > length) {
                measured.add(set);
            } else if (!folders.isEmpty()) {
                throw new InvalidInputException("the held-out set '" + set.name() + "' in " + set.data().folder() + " holds "
                        + set.tokens() + " tokens, less than one sequence of " + length + " and the token after it: give it more text,"
                        + " or leave it out of data.validation_path");
            }
        }
        return measured;
    }

    /**
     * The set's size.
     *
     * @return tokens
     */
    public long tokens() {
        return data.manifest().tokens(split);
    }

    /**
     * The set's sequences.
     *
     * @param length N, the number of input tokens of a sequence
     * @return the sequences, to be closed by the caller
     * @throws InvalidInputException if the set is shorter than one sequence and the token after it
     * @throws IOException if a shard cannot be opened
     */
    public TokenSequences sequences(int length) throws IOException {
        return data.sequences(split, length);
    }
}
