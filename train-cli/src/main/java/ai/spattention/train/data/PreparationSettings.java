package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.data.source.DocumentSeparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What decides which ids are written where.
 *
 * @param inputs files, folders and patterns to learn from
 * @param heldOut files, folders and patterns of each held-out set, by its name; {@code validation} is the one without a name
 * @param field the field of a JSON line, or the column of a Parquet file, that holds the text
 * @param separator what stands between the documents of a plain text
 * @param validationFraction the fraction of the documents to learn from that are held out instead, in [0, 1)
 * @param seed of the order of the documents
 * @param shardTokens the most tokens of a shard, at least 1
 */
public record PreparationSettings(List<String> inputs, Map<String, List<String>> heldOut, String field, DocumentSeparator separator,
        double validationFraction, long seed, long shardTokens) {

    /** Unless told otherwise: the field, the fraction, and shards of 512 MiB with ids of two bytes. */
    public static final String DEFAULT_FIELD = "text";
    /** See {@link #DEFAULT_FIELD}. */
    public static final double DEFAULT_VALIDATION_FRACTION = 0.01;
    /** See {@link #DEFAULT_FIELD}. */
    public static final long DEFAULT_SHARD_TOKENS = 1L << 28;

    /**
     * Checks the values.
     *
     * @throws InvalidInputException if one is out of range
     */
    public PreparationSettings {
        inputs = List.copyOf(inputs);
        if (inputs.isEmpty()) {
            throw new InvalidInputException("an input is missing: name files, folders or patterns");
        }
        Map<String, List<String>> sets = new LinkedHashMap<>();
        heldOut.forEach((name, own) -> sets.put(Split.heldOut(name).name(), List.copyOf(own)));
        heldOut = sets;
        if (field.isEmpty()) {
            throw new InvalidInputException("--field must not be empty: name the field that holds the text");
        }
        if (!(validationFraction >= 0 && validationFraction < 1)) {
            throw new InvalidInputException("--validation-fraction must be at least 0 and less than 1 (got "
                    + validationFraction + ")");
        }
        if (validationFraction > 0 && heldOut.containsKey(Split.VALIDATION.name())) {
            throw new InvalidInputException("--validation-fraction " + validationFraction + " and --validation without a name both make"
                    + " the set 'validation': give the latter a name (--validation NAME=INPUT), or leave the fraction out");
        }
        if (shardTokens < 1) {
            throw new InvalidInputException("--shard-tokens must be at least 1 (got " + shardTokens + ")");
        }
    }
}
