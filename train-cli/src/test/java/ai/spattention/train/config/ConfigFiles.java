package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Configurations as files, for the tests of this package. */
final class ConfigFiles {

    /** Every key that has no default, and no other. */
    static final String REQUIRED = """
            name: test
            model:
              vocab_size: 257
              hidden_size: 64
              intermediate_size: 32
              num_hidden_layers: 2
              num_attention_heads: 4
              num_experts: 8
              num_experts_per_tok: 2
            data:
              sequence_length: 128
            training:
              steps: 100
              micro_batch: 4
            optimizer:
              peak_lr: 0.001
            """;

    private static final Path FOLDER = temporaryFolder();

    private ConfigFiles() {}

    /** Reads the required keys and overrides. */
    static RunConfig load(String... overrides) {
        return loadText(REQUIRED, overrides);
    }

    /** Reads a text and overrides. */
    static RunConfig loadText(String yaml, String... overrides) {
        return RunConfigLoader.load(ConfigSource.file(write(yaml)), List.of(overrides));
    }

    /** The message with which a text is refused, with the file's folder left out. */
    static String refusal(String yaml, String... overrides) {
        Path file = write(yaml);
        String message = assertThrows(InvalidInputException.class,
                () -> RunConfigLoader.load(ConfigSource.file(file), List.of(overrides))).getMessage();
        return message.replace(file.getParent() + "/", "");
    }

    /** The message with which an override is refused, without the override that it starts with. */
    static String refusedOverride(String override) {
        String start = "--set " + override + ": ";
        String message = refusal(REQUIRED, override);
        if (!message.startsWith(start)) {
            throw new AssertionError("no mention of the override: " + message);
        }
        return message.substring(start.length());
    }

    /** Fails if a component of the two records is equal. */
    static void assertAllDiffer(Record defaults, Record changed) {
        try {
            for (RecordComponent component : defaults.getClass().getRecordComponents()) {
                assertNotEquals(component.getAccessor().invoke(defaults), component.getAccessor().invoke(changed),
                        "not changed: " + component.getName());
            }
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Path write(String yaml) {
        try {
            return Files.writeString(FOLDER.resolve("run.yaml"), yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path temporaryFolder() {
        try {
            Path folder = Files.createTempDirectory("config");
            folder.toFile().deleteOnExit();
            folder.resolve("run.yaml").toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
