package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a prepared folder holds.
 *
 * @param formatVersion {@value #VERSION}
 * @param tokenizer the tokenizer that made the ids
 * @param dtype the integers in the shards
 * @param splits the shards of each split, by its folder's name
 * @param settings what the data was made from, for people, and the bytes of its texts
 */
public record Manifest(int formatVersion, TokenizerInfo tokenizer, TokenWidth dtype, Map<String, List<Shard>> splits,
        Map<String, String> settings) {

    /** The format that this program writes. */
    public static final int VERSION = 1;

    /** The manifest's file name. */
    public static final String FILE = "manifest.json";

    /** Begins the name of the setting that tells the size of a split's texts. */
    static final String TEXT_BYTES = "text_bytes_";

    private static final ObjectMapper JSON = StrictJson.ofRecords()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    /**
     * A tokenizer as the data knows it.
     *
     * @param name its name
     * @param digest the SHA-256 of its tokenizer.json
     * @param vocabSize the number of ids
     * @param eosId the id that ends a document
     */
    public record TokenizerInfo(String name, String digest, int vocabSize, int eosId) {

        TokenizerInfo withName(String other) {
            return new TokenizerInfo(other, digest, vocabSize, eosId);
        }
    }

    /**
     * A file of ids.
     *
     * @param file its path within the folder
     * @param tokens the number of ids, EOS included
     * @param documents the number of documents that end in it
     * @param sha256 the digest of its bytes
     */
    public record Shard(String file, long tokens, long documents, String sha256) {

        /** The table of its documents, within the folder. */
        String documentsFile() {
            return file.replace(".npy", ".csv.gz");
        }
    }

    /**
     * The tokens of a split.
     *
     * @param split the split
     * @return their number
     */
    public long tokens(Split split) {
        return shards(split).stream().mapToLong(Shard::tokens).sum();
    }

    /**
     * The documents of a split.
     *
     * @param split the split
     * @return their number
     */
    public long documents(Split split) {
        return shards(split).stream().mapToLong(Shard::documents).sum();
    }

    /**
     * The shards of a split.
     *
     * @param split the split
     * @return the shards in order
     */
    public List<Shard> shards(Split split) {
        return splits.getOrDefault(split.folder(), List.of());
    }

    /**
     * The splits that are held out, those without tokens too.
     *
     * @return validation, if it is there, then the named sets
     */
    public List<Split> heldOut() {
        return splits.keySet().stream().map(Split::new).filter(split -> !split.equals(Split.TRAIN)).sorted().toList();
    }

    /**
     * All splits.
     *
     * @return training, then those that are held out
     */
    public List<Split> all() {
        return Stream.concat(Stream.of(Split.TRAIN), heldOut().stream()).toList();
    }

    /**
     * The size of a split's texts, ends of documents not counted.
     *
     * @param split the split
     * @return bytes in UTF-8; empty for data that was made before this was recorded
     */
    public OptionalLong textBytes(Split split) {
        String bytes = settings.get(TEXT_BYTES + split.folder());
        return bytes == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(bytes));
    }

    /**
     * How many bytes of text a token of a split stands for, ends of documents counted among the tokens.
     *
     * @param split the split
     * @return bytes a token; empty where the bytes are not known or there is no token
     */
    public OptionalDouble bytesPerToken(Split split) {
        OptionalLong bytes = textBytes(split);
        return bytes.isEmpty() || bytes.getAsLong() == 0 || tokens(split) == 0 ? OptionalDouble.empty()
                : OptionalDouble.of((double) bytes.getAsLong() / tokens(split));
    }

    /** The settings that tell the size of each split's texts. */
    static Map<String, String> textBytes(Map<Split, Long> bytes) {
        return bytes.entrySet().stream()
                .collect(Collectors.toMap(entry -> TEXT_BYTES + entry.getKey().folder(), entry -> Long.toString(entry.getValue())));
    }

    /**
     * A fingerprint of the data: the digest of what the manifest says of tokenizer and shards. A checkpoint keeps it, so that
     * data that changed are noticed.
     *
     * @return SHA-256 in lower-case hexadecimal
     */
    public String fingerprint() {
        try {
            byte[] content = JSON.writeValueAsBytes(List.of(tokenizer.digest(), dtype, splits));
            return HexFormat.of().formatHex(Sha256.digest().digest(content));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a manifest in memory can be written and digested", e);
        }
    }

    /**
     * The manifest of the same data, whose tokenizer is called otherwise.
     *
     * @param name the tokenizer's name
     * @return the manifest
     */
    public Manifest withTokenizerName(String name) {
        return new Manifest(formatVersion, tokenizer.withName(name), dtype, splits, settings);
    }

    /** Says of a manifest without tokens to learn from why that is so. */
    InvalidInputException nothingToLearnFrom() {
        long heldOut = documents(Split.VALIDATION);
        return new InvalidInputException("there is no text to learn from: "
                + (heldOut == 0 || Double.parseDouble(settings.get("validation_fraction")) == 0
                        ? "the input holds " + settings.get("empty_documents") + " documents, all of them empty"
                        : "all " + heldOut + " documents are held out for validation; lower --validation-fraction"));
    }

    /**
     * The manifest as its file has it.
     *
     * @return JSON
     */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a manifest in memory can be written", e);
        }
    }

    /**
     * Reads a folder's manifest.
     *
     * @param folder the folder
     * @return the manifest
     * @throws InvalidInputException if there is none, or it is damaged or of another version
     */
    public static Manifest read(Path folder) {
        Path file = folder.resolve(FILE);
        String text;
        try {
            text = Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new InvalidInputException("cannot read " + file + ": a folder of prepared data holds a " + FILE, e);
        }
        try {
            JsonNode root = JSON.readTree(text);
            requireVersion(file, root); // first, since another version may have other entries
            Manifest manifest = JSON.treeToValue(root, Manifest.class);
            manifest.check(file);
            return manifest;
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is damaged: " + JsonProblem.of(e), e);
        }
    }

    private static void requireVersion(Path file, JsonNode root) {
        if (!root.isObject()) {
            throw new InvalidInputException(file + " is damaged: it holds no JSON object");
        }
        JsonNode version = root.path("format_version");
        if (!version.isInt() || version.intValue() != VERSION) {
            throw new InvalidInputException(file + " has format version " + (version.isMissingNode() ? "none" : version)
                    + ", this program reads version " + VERSION);
        }
    }

    private void check(Path file) {
        if (tokenizer.eosId < 0 || tokenizer.eosId >= tokenizer.vocabSize) {
            throw new InvalidInputException(file + " is damaged: EOS id " + tokenizer.eosId
                    + " does not belong to a vocabulary of " + tokenizer.vocabSize);
        }
        if (dtype != TokenWidth.of(tokenizer.vocabSize)) {
            throw new InvalidInputException(file + " is damaged: dtype " + dtype + " does not belong to a vocabulary of "
                    + tokenizer.vocabSize);
        }
        settings.forEach((key, value) -> {
            if (key.startsWith(TEXT_BYTES) && !value.matches("[0-9]{1,18}")) {
                throw new InvalidInputException(file + " is damaged: " + key + " is '" + value + "', not a number of bytes");
            }
        });
        splits.forEach((split, shards) -> {
            if (!Split.isFolder(split)) {
                throw new InvalidInputException(file + " is damaged: there is no split '" + split
                        + "', only train, validation and validation-NAME");
            }
            Set<String> files = new HashSet<>();
            long tokens = 0;
            for (Shard shard : shards) {
                boolean ofSplit = shard.file.matches("[^/]+/part-[0-9]+\\.npy") && shard.file.startsWith(split + "/");
                if (!ofSplit || shard.tokens < 0 || shard.documents < 0 || shard.documents > shard.tokens) {
                    throw new InvalidInputException(file + " is damaged: a shard of split '" + split + "' is " + shard);
                }
                if (!files.add(shard.file)) {
                    throw new InvalidInputException(file + " is damaged: it lists the shard " + shard.file + " twice");
                }
                tokens += shard.tokens;
                if (tokens < 0) {
                    throw new InvalidInputException(file + " is damaged: split '" + split
                            + "' has more tokens than can be counted");
                }
            }
        });
    }
}
