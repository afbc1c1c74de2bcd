package ai.spattention.train.report;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.ModelFolder;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.metrics.MetricsReader;
import ai.spattention.train.metrics.SampleReader;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.metrics.TextSample;
import ai.spattention.train.report.chart.Numbers;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a run left in its folder, as far as it can be read: whatever is missing or damaged becomes a note. A run that still
 * goes on adds its steps and samples here as they come. Not safe for several threads.
 */
final class RunData {

    private static final int MOST_COMPLAINTS = 5;

    private final Path folder;
    private final RunCurves curves = new RunCurves();
    private final List<TextSample> samples = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final Map<String, String> versions = new LinkedHashMap<>();
    private String tokenizerDigest;
    private RunConfig config;
    private OlmoeConfig model;

    private RunData(Path folder) {
        this.folder = folder;
    }

    /**
     * Reads a folder.
     *
     * @param folder a run's folder; nothing in it is required
     * @throws IOException if a file that is there cannot be read
     */
    static RunData read(Path folder) throws IOException {
        RunData data = new RunData(folder);
        data.readConfig(folder.resolve("config.yaml"));
        data.readModel(folder.resolve(ModelFolder.IN_RUN).resolve("config.json"));
        data.readTokenizer(folder.resolve("model").resolve("tokenizer.json"));
        data.readVersions(folder.resolve("versions.json"));
        FailureFile.read(folder).map(FailureFile::note).ifPresent(data.notes::add);
        Complaints complaints = new Complaints(data.notes);
        Path metrics = folder.resolve("metrics.jsonl");
        if (Files.exists(metrics)) {
            MetricsReader.readUsable(metrics, data::add, complaints::add);
        }
        Path samples = folder.resolve("samples.jsonl");
        if (Files.exists(samples)) {
            SampleReader.readUsable(samples, data::add, complaints::add);
        }
        complaints.close();
        return data;
    }

    /** Lines left out: the first few word for word, the rest counted. */
    private static final class Complaints {

        private final List<String> notes;
        private long count;

        Complaints(List<String> notes) {
            this.notes = notes;
        }

        void add(String complaint) {
            if (count++ < MOST_COMPLAINTS) {
                notes.add("A line was left out: " + complaint);
            }
        }

        void close() {
            if (count > MOST_COMPLAINTS) {
                notes.add(Numbers.whole(count - MOST_COMPLAINTS) + " more damaged lines were left out.");
            }
        }
    }

    private void readConfig(Path file) {
        if (!Files.exists(file)) {
            notes.add("There is no config.yaml: what was trained is not known.");
            return;
        }
        try {
            config = RunConfigLoader.load(ConfigSource.file(file), List.of());
            model = ModelSetup.config(config, null);
        } catch (InvalidInputException e) {
            notes.add("config.yaml was left out: " + e.getMessage());
        }
    }

    /** The finished model tells its sizes too. */
    private void readModel(Path file) {
        if (model == null && Files.exists(file)) {
            try {
                model = ConfigJson.read(file);
            } catch (InvalidInputException e) {
                notes.add("model/config.json was left out: " + e.getMessage());
            }
        }
    }

    private void readTokenizer(Path file) throws IOException {
        if (Files.isRegularFile(file)) {
            tokenizerDigest = Sha256.of(List.of(file));
        }
    }

    private void readVersions(Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        try {
            JsonNode root = new ObjectMapper().readTree(file.toFile());
            root.properties().forEach(entry -> versions.put(entry.getKey(), entry.getValue().asText()));
        } catch (JsonProcessingException e) {
            notes.add("versions.json was left out: it is not JSON.");
        }
    }

    /** Adds a step, which must come after the last one. */
    void add(StepMetrics metrics) {
        curves.add(metrics);
    }

    /** Adds a sample. */
    void add(TextSample sample) {
        samples.add(sample);
    }

    /** Adds something that a reader should know. */
    void add(String note) {
        notes.add(note);
    }

    /** The run's name: as configured, or the folder's. */
    String name() {
        return config == null ? folderName() : config.name();
    }

    /** The name of the folder alone. */
    String folderName() {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    RunCurves curves() {
        return curves;
    }

    /** The samples, in their order. */
    List<TextSample> samples() {
        return List.copyOf(samples);
    }

    /** What is missing, damaged or went wrong, a sentence each. */
    List<String> notes() {
        return List.copyOf(notes);
    }

    /** Versions and machine by name. */
    Map<String, String> versions() {
        return new LinkedHashMap<>(versions);
    }

    Optional<RunConfig> config() {
        return Optional.ofNullable(config);
    }

    Optional<OlmoeConfig> model() {
        return Optional.ofNullable(model);
    }

    /** The SHA-256 of the finished model's tokenizer; empty before the run's end. */
    Optional<String> tokenizerDigest() {
        return Optional.ofNullable(tokenizerDigest);
    }

    /** The length of the training sequences; without a configuration, the model's longest. */
    int sequenceLength() {
        return config == null ? model.maxPositionEmbeddings() : config.data().sequenceLength();
    }
}
