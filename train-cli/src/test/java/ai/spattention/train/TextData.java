package ai.spattention.train;

import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.Preparation;
import ai.spattention.train.data.PreparationListener;
import ai.spattention.train.data.PreparationSettings;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.source.DocumentSeparator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Documents of a test, prepared as a user's are. */
public final class TextData {

    private static final ObjectMapper JSON = new ObjectMapper();

    private TextData() {}

    /**
     * Prepares documents; those that are learnt from are shuffled by seed 0.
     *
     * @param documents the documents
     * @param tokenizer what makes ids
     * @param heldOut which of them belong to the validation split
     * @param folder the folder to write
     * @return the prepared data
     */
    public static PreparedData prepare(List<Document> documents, Tokenizer tokenizer, Predicate<Document> heldOut, Path folder)
            throws IOException {
        Path input = Files.createTempDirectory("documents");
        try {
            Path train = write(documents.stream().filter(heldOut.negate()).toList(), input.resolve("train.jsonl"));
            List<Document> validation = documents.stream().filter(heldOut).toList();
            Map<String, List<String>> sets = validation.isEmpty() ? Map.of()
                    : Map.of("validation", List.of(write(validation, input.resolve("validation.jsonl")).toString()));
            PreparationSettings settings = new PreparationSettings(List.of(train.toString()), sets, PreparationSettings.DEFAULT_FIELD,
                    DocumentSeparator.NONE, 0, 0, PreparationSettings.DEFAULT_SHARD_TOKENS);
            return new Preparation(settings, tokenizer, 1).run(folder, PreparationListener.NONE);
        } finally {
            OwnFiles.deleteTree(input);
        }
    }

    private static Path write(List<Document> documents, Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Document document : documents) {
            lines.add(JSON.writeValueAsString(Map.of("id", document.source(), "text", document.text())));
        }
        return Files.write(file, lines);
    }
}
