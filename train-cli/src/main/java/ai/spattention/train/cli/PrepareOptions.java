package ai.spattention.train.cli;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.train.data.PreparationSettings;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.data.source.InputFile;
import ai.spattention.train.data.source.InputFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is prepared and how: the options that {@code prepare} and its benchmark share. */
final class PrepareOptions {

    @Parameters(arity = "1..*", paramLabel = "INPUT", description = {
        "Files, folders (with all below, hidden files left out) and patterns in quotes ('data/**.jsonl.gz').",
        ".jsonl, .json, .ndjson: one JSON object a line; .parquet: one row a document; .jar: one Java file a document, without its licence.",
        "Any other file: one document in UTF-8, or several (--document-separator). JSON lines and text also packed, as .gz or .zst."})
    private List<String> inputs;

    @Option(names = "--tokenizer", required = true, paramLabel = "FILE|bytes",
            description = "A tokenizer.json of Hugging Face's library, a folder that holds one, or 'bytes'.")
    private String tokenizer;

    @Option(names = "--eos-id", paramLabel = "ID",
            description = "The id that ends a document (default: the one that the tokenizer's folder tells, else the token that is usually named so).")
    private Integer eosId;

    @Option(names = "--field", defaultValue = PreparationSettings.DEFAULT_FIELD, paramLabel = "NAME",
            description = "The JSON field or Parquet column that holds the text (default: ${DEFAULT-VALUE}).")
    private String field;

    @Option(names = "--document-separator", defaultValue = "none", paramLabel = "SEPARATOR", description = {
        "What stands between the documents of a plain text (default: ${DEFAULT-VALUE}, a file is one document):",
        "blank-lines: one or more of them; line:TEXT: lines that hold TEXT and nothing else; text:TEXT: TEXT anywhere, for example"
            + " 'text:<|endoftext|>' or 'line:\\f', where \\n, \\r, \\t, \\f, \\uXXXX and \\\\ mean what they do in Java."})
    private String separator;

    @Option(names = "--validation-fraction", paramLabel = "F", description =
        "The fraction of the documents held out, chosen by the hash of their text (default: "
            + PreparationSettings.DEFAULT_VALIDATION_FRACTION + ", and 0 where --validation brings held-out text).")
    private Double validationFraction;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "N", description =
        "Of the order (default: ${DEFAULT-VALUE}): of the files, of the draws from four open files, and of the"
            + " documents within each block of 2 million characters. Training shuffles sequences over all shards anyway.")
    private long seed;

    @Option(names = "--shard-tokens", defaultValue = "" + PreparationSettings.DEFAULT_SHARD_TOKENS, paramLabel = "N",
            description = "The most tokens of a shard (default: ${DEFAULT-VALUE}).")
    private long shardTokens;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that encode (default: the processors). They do not change the result.")
    private int threads = Runtime.getRuntime().availableProcessors();

    /** All settings, with the inputs of each held-out set by its name. */
    PreparationSettings settings(Map<String, List<String>> heldOut) {
        double fraction = validationFraction != null ? validationFraction
                : heldOut.isEmpty() ? PreparationSettings.DEFAULT_VALIDATION_FRACTION : 0;
        return new PreparationSettings(inputs, heldOut, field, DocumentSeparator.parse(separator), fraction, seed, shardTokens);
    }

    /** Names what is read, so that nothing of it is written over. */
    Outputs reads(Outputs outputs) throws IOException {
        for (InputFile input : InputFiles.find(inputs)) {
            outputs.reads("INPUT", input.path());
        }
        return tokenizer.equals("bytes") ? outputs : outputs.readsModel("--tokenizer", Path.of(tokenizer));
    }

    int threads() {
        return threads;
    }

    /** Loads the tokenizer; the caller closes it. */
    Tokenizer loadTokenizer() {
        if (tokenizer.isEmpty()) {
            throw new InvalidInputException("--tokenizer is empty: name a tokenizer.json, a folder that holds one, or 'bytes'");
        }
        Tokenizer loaded = Tokenizers.load(tokenizer, eosId);
        if (eosId != null && (eosId < 0 || eosId >= loaded.vocabSize())) {
            loaded.close();
            throw new InvalidInputException("--eos-id must be an id of the tokenizer, 0 to " + (loaded.vocabSize() - 1)
                    + " (got " + eosId + ")");
        }
        return loaded;
    }
}
