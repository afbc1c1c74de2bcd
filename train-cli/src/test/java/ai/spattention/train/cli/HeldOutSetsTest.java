package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.SmallData;
import ai.spattention.train.data.source.SourceFiles;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Held-out text that a user brings, from files to scores. */
class HeldOutSetsTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @BeforeEach
    void writeTexts() throws IOException {
        SourceFiles.write(folder.resolve("train.txt"), "some text to learn from, \n".repeat(200));
        SourceFiles.write(folder.resolve("wiki.txt"), "an article.\n--\nanother article.\n".repeat(30));
        SourceFiles.write(folder.resolve("books.jsonl"), "{\"text\": \"b\u00fccher in all l\u00e4ndern\"}\n".repeat(20));
    }

    private Cli prepare(String input, String output, String... more) {
        List<String> arguments = new ArrayList<>(List.of("prepare", folder.resolve(input).toString(), "--tokenizer", "bytes", "--output",
                folder.resolve(output).toString()));
        for (String argument : more) {
            arguments.add(argument.replace("FOLDER", folder.toString()));
        }
        return Cli.ok(arguments.toArray(String[]::new));
    }

    private String[] train(String data, String run, String... settings) {
        List<String> arguments = new ArrayList<>(List.of("train", "--config", "quickstart", "--device", "cpu", "--output",
                folder.resolve(run).toString()));
        List<String> all = new ArrayList<>(SmallData.arguments(folder.resolve(data)));
        all.add("training.steps=4");
        all.addAll(List.of(settings));
        all.forEach(setting -> arguments.addAll(List.of("--set", setting.replace("FOLDER", folder.toString()))));
        return arguments.toArray(String[]::new);
    }

    private static String[] with(List<String> arguments, String more) {
        List<String> all = new ArrayList<>(arguments);
        all.add(more);
        return all.toArray(String[]::new);
    }

    private JsonNode lastStep(String run) throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve(run).resolve("metrics.jsonl"));
        return JSON.readTree(lines.get(lines.size() - 1));
    }

    @Test
    void setsAreMeasuredApart() throws IOException {
        Cli prepared = prepare("train.txt", "data", "--validation", "wiki=FOLDER/wiki.txt", "--validation", "books=FOLDER/books.jsonl",
                "--document-separator", "line:--");
        assertTrue(prepared.out().contains("wiki:       ") && prepared.out().contains("of 31 documents"), prepared.out());
        assertFalse(prepared.err().contains("warning"), prepared.err());
        Cli trained = Cli.ok(train("data", "run"));
        JsonNode last = lastStep("run");
        assertFalse(last.has("validation_loss"));
        JsonNode sets = last.get("validation");
        assertEquals(List.of("books", "wiki"), List.copyOf(sets.properties().stream().map(entry -> entry.getKey()).toList()));
        double loss = sets.at("/books/loss").doubleValue();
        double bytes = "b\u00fccher in all l\u00e4ndern".getBytes(StandardCharsets.UTF_8).length;
        assertEquals(loss / Math.log(2) * (bytes + 1) / bytes, sets.at("/books/bits_per_byte").doubleValue(), 1e-9);
        assertTrue(trained.out().contains("validation loss 'books' ") && trained.out().contains(" bits a byte"), trained.out());
        String report = Files.readString(folder.resolve("run/report.html"));
        assertTrue(report.contains("validation: wiki") && report.contains("validation loss of books"), "drawn and told");
        Path page = folder.resolve("compare.html");
        Cli.ok(train("data", "other", "data.seed=5"));
        Cli.ok("report", folder.resolve("run").toString(), folder.resolve("other").toString(), "--output", page.toString());
        assertTrue(Files.readString(page).contains("Validation loss of wiki over tokens"));
        JsonNode info = JSON.readTree(Cli.ok("info", folder.resolve("run").toString(), "--json").out());
        assertEquals(loss, info.at("/validation/books/loss").doubleValue());
        assertTrue(info.get("validation_loss").isNull());
        assertEquals(4, info.get("validation_step").intValue());
        Path results = folder.resolve("results.json");
        Cli.ok("eval", "--device", "cpu", "--model", folder.resolve("run/model").toString(), "--shards", folder.resolve("data").toString(),
                "--split", "books", "--output", results.toString());
        JsonNode scores = JSON.readTree(results.toFile()).at("/results/data");
        assertEquals(scores.get("loss").doubleValue() / Math.log(2) * (bytes + 1) / bytes, scores.get("bits_per_byte").doubleValue(), 1e-2);
        assertTrue(Cli.refused("eval", "--device", "cpu", "--model", folder.resolve("run/model").toString(), "--shards",
                folder.resolve("data").toString(), "--split", "nothing", "--output", folder.resolve("none.json").toString())
                .endsWith("has no split 'nothing': --split must be one of train, books, wiki"));
        assertTrue(Cli.refused("eval", "--device", "cpu", "--model", folder.resolve("run/model").toString(), "--shards",
                folder.resolve("data").toString(), "--output", folder.resolve("none.json").toString())
                .endsWith("has nothing in its split 'validation': --split must be one of train, books, wiki"));
    }

    @Test
    void aSetWithoutANameIsTheValidationSet() throws IOException {
        prepare("train.txt", "data", "--validation", "FOLDER/wiki.txt", "--validation", "FOLDER/books.jsonl");
        Cli.ok(train("data", "run"));
        assertTrue(lastStep("run").get("validation_loss").isNumber() && lastStep("run").get("validation_bits_per_byte").isNumber());
        assertFalse(lastStep("run").has("validation"));
    }

    @Test
    void otherFoldersMayMeasure() throws IOException {
        assertTrue(prepare("train.txt", "data", "--validation-fraction", "0").err().contains("warning: nothing is held out"));
        prepare("wiki.txt", "wiki", "--validation-fraction", "0");
        prepare("train.txt", "sets", "--validation", "books=FOLDER/books.jsonl", "--validation", "FOLDER/wiki.txt");
        Cli.ok(train("data", "one", "data.validation_path=FOLDER/wiki"));
        assertTrue(lastStep("one").get("validation_loss").isNumber());
        Path config = Files.writeString(folder.resolve("run.yaml"), "extends: quickstart\ndata:\n  validation_path:\n    a: " + folder.resolve("wiki")
                + "\n    b: " + folder.resolve("sets") + "\n");
        List<String> arguments = new ArrayList<>(List.of(train("data", "many")));
        arguments.set(2, config.toString());
        String plan = Cli.ok(with(arguments, "--dry-run")).out();
        assertTrue(plan.contains("b-books"), plan);
        Cli.ok(arguments.toArray(String[]::new));
        assertEquals(List.of("a", "b", "b-books"), lastStep("many").get("validation").properties().stream().map(entry -> entry.getKey()).toList());
        Cli resumed = Cli.ok("train", "--device", "cpu", "--resume", "--output", folder.resolve("many").toString(), "--set",
                "training.steps=6", "--set", "data.validation_path=" + folder.resolve("wiki"));
        assertTrue(resumed.out().contains("validation loss "), resumed.out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "FOLDER/none         | cannot read FOLDER/none/manifest.json: a folder of prepared data holds a manifest.json",
        "FOLDER/data         | data.validation_path names FOLDER/data, whose train/part-00000.npy is what the run learns from: name other text",
        "FOLDER/short        | the held-out set 'validation' in FOLDER/short holds 6 tokens, less than one sequence of 48 and the token after it:"
            + " give it more text, or leave it out of data.validation_path",
        "FOLDER/foreign      | the held-out data in FOLDER/foreign (validation) was made with another tokenizer than the data in FOLDER/data: ",
    })
    void whatCannotMeasureIsRefusedInOneLine(String path, String message) throws IOException {
        SourceFiles.write(folder.resolve("short.txt"), "short");
        prepare("train.txt", "data", "--validation-fraction", "0");
        prepare("short.txt", "short", "--validation-fraction", "0");
        Path tokenizer = Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson().replace("\"id\" : 256", "\"id\" : 257")
                .replace("\"vocab\" : {", "\"vocab\" : { \"ab\" : 256,").replace("\"merges\" : [ ]", "\"merges\" : [ \"a b\" ]"));
        Cli.ok("prepare", folder.resolve("wiki.txt").toString(), "--tokenizer", tokenizer.toString(), "--output",
                folder.resolve("foreign").toString(), "--validation-fraction", "0");
        String refused = Cli.refused(train("data", "run", "data.validation_path=" + path)).replace(folder.toString(), "FOLDER");
        assertTrue(refused.startsWith("spattn: " + message), refused);
        assertEquals(refused, Cli.refused(with(List.of(train("data", "run", "data.validation_path=" + path)), "--dry-run"))
                .replace(folder.toString(), "FOLDER"), "planned");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "--validation=FOLDER/train.txt                            | FOLDER/train.txt is held out as 'validation' and is in the input, too: what",
        "--validation=a b=FOLDER/wiki.txt                         | a held-out set's name must be 1 to 64 letters, digits, dots, dashes and",
        "--validation=wiki=                                       | an input is empty: name a file, a folder ('.' for this one) or a pattern",
        "--validation=wiki=FOLDER/none.txt                        | there is no file or folder FOLDER/none.txt",
        "--validation=FOLDER/wiki.txt --validation-fraction=0.1   | --validation-fraction 0.1 and --validation without a name both make the set",
        "--document-separator=---                                 | --document-separator must be none, blank-lines, line:TEXT or text:TEXT",
    })
    void whatCannotBePreparedIsRefusedInOneLine(String options, String message) {
        List<String> arguments = new ArrayList<>(List.of("prepare", folder.resolve("train.txt").toString(), "--tokenizer", "bytes",
                "--output", folder.resolve("out").toString()));
        for (String option : options.strip().split(" (?=--)")) {
            arguments.add(option.strip().replace("FOLDER", folder.toString()));
        }
        String refused = Cli.refused(arguments.toArray(String[]::new)).replace(folder.toString(), "FOLDER");
        assertTrue(refused.startsWith("spattn: " + message), refused);
        assertFalse(Files.exists(folder.resolve("out/manifest.json")));
    }

    @Test
    void aSeparatorNeedsPlainText() {
        assertEquals("spattn: --document-separator is for plain text, and no input is plain text by its name: leave it out",
                Cli.refused("prepare", folder.resolve("books.jsonl").toString(), "--tokenizer", "bytes", "--output",
                        folder.resolve("out").toString(), "--document-separator", "blank-lines"));
    }
}
