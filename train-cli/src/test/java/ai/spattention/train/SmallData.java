package ai.spattention.train;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.data.PreparedData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Real text and a model small enough for a test: this project's own sources, and a few thousand parameters. */
public final class SmallData {

    private static final Path SOURCES = Path.of("src", "main", "java");

    private SmallData() {}

    /** Prepares this module's own sources as bytes, every tenth file held out. */
    public static PreparedData prepare(Path folder) throws IOException {
        List<Document> documents = new ArrayList<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            files.filter(file -> file.toString().endsWith(".java")).sorted().forEach(file -> {
                try {
                    documents.add(new Document((documents.size() % 10 == 0 ? "held-out " : "") + file, Files.readString(file)));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        return TextData.prepare(documents, new ByteTokenizer(), document -> document.source().startsWith("held-out"), folder);
    }

    /** A small run on that data; later overrides win. */
    public static RunConfig config(Path data, String... overrides) {
        List<String> settings = new ArrayList<>(arguments(data));
        settings.addAll(List.of(overrides));
        return RunConfigLoader.load(ConfigSource.of("quickstart"), settings);
    }

    /** The overrides that make the quickstart small. */
    public static List<String> arguments(Path data) {
        return List.of("data.path=" + data, "data.sequence_length=48", "model.hidden_size=32", "model.intermediate_size=16",
                "model.num_hidden_layers=2", "model.num_attention_heads=4", "model.num_key_value_heads=2", "model.num_experts=4",
                "model.num_experts_per_tok=2", "training.steps=6", "training.micro_batch=4", "schedule.warmup_steps=2",
                "validation.every_steps=0", "validation.sequences=8", "sample.tokens=8", "sample.every_steps=0");
    }
}
