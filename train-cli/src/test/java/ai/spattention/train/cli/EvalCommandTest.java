package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.eval.CorpusLoss;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.SmallData;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.TokenSequences;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalCommandTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PIQA = "{\"goal\":\"Open it\",\"sol1\":\"pull\",\"sol2\":\"push it \u00e9\",\"label\":%s}\n";

    @TempDir
    private static Path models;

    @TempDir
    private Path folder;

    private Path model;
    private Path output;

    @BeforeAll
    static void saveModels() throws IOException {
        save("small", 257);
        save("narrow", 100);
    }

    private static void save(String name, int vocabulary) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(vocabulary).setHiddenSize(16)
                    .setIntermediateSize(8).setNumHiddenLayers(1).setNumAttentionHeads(2).setNumExperts(2)
                    .setNumExpertsPerTok(1).setMaxPositionEmbeddings(64).optInitializerRange(0.3f)
                    .optPattern(StandardPattern.SP).build()).build();
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
            HuggingFaceFolder.save(model, models.resolve(name), TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        }
        Files.writeString(models.resolve(name).resolve("tokenizer.json"), new ByteTokenizer().toJson());
    }

    @BeforeEach
    void putData() throws IOException {
        model = models.resolve("small");
        output = folder.resolve("results.json");
        put("piqa/validation.jsonl", PIQA.formatted(0) + PIQA.formatted(1) + PIQA.formatted(1));
    }

    private Path put(String file, String text) throws IOException {
        Path path = folder.resolve("data").resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, text);
    }

    private String[] arguments(String task, String... more) {
        List<String> arguments = new ArrayList<>(List.of("eval", "--model", model.toString(), "--device", "cpu", "--output",
                output.toString(), "--task", task, "--data", folder.resolve("data").toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private JsonNode results() throws IOException {
        return JSON.readTree(output.toFile()).get("results");
    }

    /** The last line of what a person is told, after exit code 2. */
    private static String refused(String... arguments) {
        Cli result = Cli.run(arguments);
        assertEquals(2, result.code(), result.err());
        List<String> lines = result.err().strip().lines().toList();
        assertEquals(1, lines.stream().filter(line -> line.startsWith("spattn: ")).count(), result.err());
        return lines.get(lines.size() - 1);
    }

    private static void assertContains(String text, String... parts) {
        for (String part : parts) {
            assertTrue(text.contains(part), text + "\nlacks " + part);
        }
    }

    @Test
    void writesATableResultsAndSamples() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        Cli result = Cli.ok(arguments("piqa", "--samples", samples.toString(), "--limit", "2"));
        assertContains(result.out(), "task  version  shots  split       n  metric", "piqa  1.0      0      validation  2  acc ");
        assertContains(result.err(), "4 requests in ", " requests/s");
        JsonNode root = JSON.readTree(output.toFile());
        assertEquals(2, results().get("piqa").get("samples").intValue());
        assertTrue(results().get("piqa").get("acc_norm").isNumber());
        assertEquals("sp", root.get("config").get("pattern").textValue());
        assertEquals(new ByteTokenizer().digest(), root.get("model").get("tokenizer_sha256").textValue());
        assertEquals(64, root.get("model").get("sha256").textValue().length());
        assertEquals(64, results().get("piqa").get("data_sha256").textValue().length());
        assertTrue(root.get("versions").has("spattention"));
        List<String> lines = Files.readAllLines(samples);
        assertEquals(4, lines.size());
        JsonNode last = JSON.readTree(lines.get(3));
        assertEquals("Question: Open it\nAnswer:", last.get("context").textValue());
        assertEquals(" push it \u00e9", last.get("continuation").textValue());
        assertEquals("1 1 1", last.get("doc_id") + " " + last.get("idx") + " " + last.get("gold"));
        assertFalse(Files.exists(folder.resolve("results.json.progress")));
    }

    /** Half a character can be written in JSON, and nowhere else: it is replaced in rows, and no line of samples is cut. */
    @Test
    void halfACharacterCutsNoLineOfSamples() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        put("piqa/validation.jsonl", PIQA.formatted(0).replace("pull", "pu\\ud83dll") + PIQA.formatted(1));
        Cli.ok(arguments("piqa", "--samples", samples.toString()));
        List<String> lines = Files.readAllLines(samples);
        assertEquals(4, lines.size());
        assertEquals(" pu\uFFFDll", JSON.readTree(lines.get(0)).get("continuation").textValue());
    }

    @Test
    void examplesChangeTheContext() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        put("piqa/train.jsonl", PIQA.formatted(0).replace("Open", "Close") + PIQA.formatted(0).replace("Open", "Close"));
        Cli.ok(arguments("piqa", "--samples", samples.toString(), "--limit", "1", "--shots", "1"));
        assertEquals("Question: Close it\nAnswer: pull\n\nQuestion: Open it\nAnswer:",
                JSON.readTree(Files.readAllLines(samples).get(0)).get("context").textValue());
        assertEquals("train", results().get("piqa").get("shots_split").textValue());
    }

    @Test
    void aUsersTaskIsAFile() throws IOException {
        Path task = Files.writeString(folder.resolve("mine.yaml"), """
                task: mine
                version: "3"
                kind: multiple_choice
                evaluate: [test]
                prompt: "{{ a }}"
                choices: ["x", "y"]
                gold: "{{ b }}"
                metrics: [acc]
                """);
        put("mine/test.jsonl", "{\"a\": \"A\", \"b\": 1}\n");
        assertContains(Cli.ok(arguments(task.toString())).out(), "mine  3 ");
    }

    @Test
    void groupsAverageTheSubjectsThatAreThere() throws IOException {
        String row = "{\"question\":\"q%d\",\"choices\":[\"a\",\"b\",\"c\",\"d\"],\"answer\":%d}\n";
        put("mmlu/anatomy/test.jsonl", row.formatted(1, 0) + row.formatted(2, 1));
        put("mmlu/virology/test.jsonl", row.formatted(3, 2) + row.formatted(4, 3) + row.formatted(5, 0));
        Cli result = Cli.ok(arguments("mmlu"));
        assertContains(result.err(), "the average is of 2 of 57 tasks");
        JsonNode all = results();
        double mean = (2 * all.get("mmlu_anatomy").get("acc").doubleValue() + 3 * all.get("mmlu_virology").get("acc").doubleValue()) / 5;
        assertEquals(mean, all.get("mmlu").get("acc").doubleValue(), 1e-12);
        assertEquals(5, all.get("mmlu").get("samples").intValue());
        assertEquals(55, all.get("mmlu").get("missing").size());
        assertEquals(all.get("mmlu_anatomy").get("acc"), all.get("mmlu_stem").get("acc"));
        assertFalse(all.has("mmlu_humanities"));
    }

    @Test
    void namesTheSplitThatWasTakenInstead() throws IOException {
        put("sciq/validation.jsonl", "{\"support\":\"\",\"question\":\"q\",\"distractor1\":\"a\",\"distractor2\":\"b\","
                + "\"distractor3\":\"c\",\"correct_answer\":\"d\"}\n");
        assertContains(Cli.ok(arguments("sciq")).err(), "sciq: there is no split 'test', 'validation' is scored");
        assertEquals("validation", results().get("sciq").get("split").textValue());
        assertEquals("test", results().get("sciq").get("wanted_split").textValue());
    }

    @Test
    void answersReadyRequests() throws IOException {
        Path requests = folder.resolve("r.jsonl.gz");
        Files.write(requests, gzip("{\"request\":{\"context\":\"ab \",\"continuation\":\"c\"},\"doc_id\":4,\"idx\":1}\n"
                + "{\"request\":{\"context\":\"\",\"continuation\":\"abc\"},\"doc_id\":5,\"idx\":0,\"label\":0}\n"));
        Cli.ok("eval", "--model", model.toString(), "--requests", requests.toString(), "--output", output.toString());
        List<String> lines = Files.readAllLines(output);
        assertEquals(2, lines.size());
        JsonNode first = JSON.readTree(lines.get(0));
        assertEquals(List.of("doc_id", "idx", "loglikelihood", "is_greedy"),
                first.properties().stream().map(java.util.Map.Entry::getKey).toList());
        assertEquals("4 1", first.get("doc_id") + " " + first.get("idx"));
        assertTrue(first.get("loglikelihood").doubleValue() < 0);
        Path one = folder.resolve("one.jsonl");
        Cli.ok("eval", "--model", model.toString(), "--requests", requests.toString(), "--limit", "1", "--output", one.toString());
        List<String> limited = Files.readAllLines(one);
        assertEquals(1, limited.size());
        assertTrue(limited.get(0).startsWith("{\"doc_id\":4,\"idx\":1,"), limited.get(0));
    }

    @Test
    void scoresTexts() throws IOException {
        Path text = Files.writeString(folder.resolve("t.txt"), "one two three ".repeat(20));
        Path rows = Files.writeString(folder.resolve("t.jsonl"), "{\"text\":\"one\"}\n{\"text\":\"two\"}\n");
        Cli.ok("eval", "--model", model.toString(), "--text", text.toString(), "--text", rows.toString(), "--output", output.toString());
        JsonNode scored = results().get("t.txt");
        double loss = scored.get("loss").doubleValue(); // a token is a byte here
        assertEquals(loss / Math.log(2), scored.get("bits_per_byte").doubleValue(), 1e-9);
        assertEquals(Math.exp(loss), scored.get("byte_perplexity").doubleValue(), 1e-9);
        assertEquals(2, results().get("t.jsonl").get("samples").intValue());
    }

    @Test
    void scoresPreparedData() throws IOException {
        Path data = folder.resolve("prepared");
        SmallData.prepare(data);
        Cli.ok("eval", "--model", model.toString(), "--shards", data.toString(), "--limit", "3", "--output", output.toString());
        JsonNode scored = results().get("prepared");
        assertEquals("validation", scored.get("split").textValue());
        assertEquals(3, scored.get("samples").intValue());
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                TokenSequences sequences = PreparedData.open(data).sequences(Split.VALIDATION, 64)) {
            CorpusLoss loss = new CorpusLoss(HuggingFaceFolder.load(model, manager), manager);
            for (int i = 0; i < 3; i++) {
                long[] ids = sequences.read(i);
                loss.add(1, 64, Arrays.copyOf(ids, 64), Arrays.copyOfRange(ids, 1, 65));
            }
            assertEquals(loss.mean(), scored.get("loss").doubleValue(), 1e-5);
            assertEquals(Math.exp(loss.mean()), scored.get("token_perplexity").doubleValue(), 1e-2);
        }
    }

    @Test
    void refusesAModelThatGivesNoNumbers() throws IOException {
        Path broken = folder.resolve("broken");
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel loaded = HuggingFaceFolder.load(model, manager);
            loaded.getEmbedding().getWeight().getArray().set(new NDIndex("65:120, 0"), Float.NaN);
            HuggingFaceFolder.save(loaded, broken, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        }
        Files.writeString(broken.resolve("tokenizer.json"), new ByteTokenizer().toJson());
        model = broken;
        assertContains(refused(arguments("piqa")), "the model gives no number for a log-likelihood (got NaN)");
    }

    /** A text that is not UTF-8 is found when its turn comes. */
    private String[] interrupted(String... more) throws IOException {
        Path text = Files.write(folder.resolve("t.txt"), new byte[] {(byte) 0xFF});
        List<String> arguments = new ArrayList<>(List.of(arguments("piqa", "--text", text.toString())));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @Test
    void aFileOfTheJournalsNameIsKept() throws IOException {
        Path mine = Files.writeString(folder.resolve("results.json.progress"), "80 percent\n");
        assertContains(refused(arguments("piqa")), mine + ", where scores would be kept until all are there, is somebody's file");
        assertContains(refused(arguments("piqa", "--resume")), "is somebody's file");
        assertEquals("80 percent\n", Files.readString(mine));
    }

    @Test
    void twoRunsDoNotWriteTheSameFile() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link.json"), output);
        Path samples = folder.resolve("samples.jsonl");
        try (FolderLock lock = FolderLock.take(folder.resolve(".results.json.lock"), output)) {
            assertContains(refused(arguments("piqa")), "another process is writing to " + output);
            output = link;
            assertContains(refused(arguments("piqa")), "another process is writing to " + link);
        }
        try (FolderLock lock = FolderLock.take(folder.resolve(".samples.jsonl.lock"), samples)) {
            assertContains(refused(arguments("piqa", "--samples", samples.toString())), "another process is writing to " + samples);
        }
        Cli.ok(arguments("piqa", "--samples", samples.toString()));
        assertTrue(Files.isSymbolicLink(link));
        assertTrue(results().has("piqa"));
        try (Stream<Path> names = Files.list(folder)) {
            assertEquals(List.of(), names.filter(path -> path.toString().matches(".*(\\.lock|\\.progress|\\.tmp-.*)")).toList());
        }
    }

    /** Results of two tasks: a file is written after each, a pipe gets one whole object. */
    @Test
    void aPipeGetsTheResultsOnce() throws Exception {
        put("copa/validation.jsonl", "{\"premise\":\"It rained.\",\"choice1\":\"A\",\"choice2\":\"B\",\"question\":\"cause\",\"label\":0}\n");
        output = folder.resolve("pipe");
        Assumptions.assumeTrue(new ProcessBuilder("mkfifo", output.toString()).start().waitFor() == 0, "no named pipes here");
        CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
            try {
                return Files.readString(output);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        Cli.ok(arguments("piqa,copa", "--samples", "/dev/null"));
        JsonNode written = JSON.readTree(read.get());
        assertTrue(written.get("results").has("piqa") && written.get("results").has("copa"));
        assertTrue(Files.readAttributes(output, BasicFileAttributes.class).isOther());
        assertTrue(Files.readAttributes(Path.of("/dev/null"), BasicFileAttributes.class).isOther());
        assertFalse(Files.exists(folder.resolve("pipe.progress")));
        assertContains(refused(arguments("piqa", "--resume")), "--resume needs an --output that can be read again");
    }

    @Test
    void whatWasComputedIsKeptAndResumed() throws IOException {
        assertContains(refused(interrupted()), "is not text in UTF-8");
        JsonNode piqa = results().get("piqa");
        assertTrue(piqa.get("acc").isNumber());
        assertTrue(Files.exists(folder.resolve("results.json.progress")));
        String[] again = interrupted("--resume");
        Files.writeString(folder.resolve("t.txt"), "some text");
        assertContains(Cli.ok(again).err(), "1 requests in "); // the text's alone
        assertEquals(piqa, results().get("piqa"));
        assertTrue(results().has("t.txt"));
    }

    @Test
    void whatIsMissingOrWrongIsNoticedBeforeTheFirstRequest() throws IOException {
        Path samples = Files.writeString(folder.resolve("samples.jsonl"), "of another run");
        put("copa/validation.jsonl", "{\"premise\":\"It rained.\",\"choice1\":\"A\",\"question\":\"cause\",\"label\":0}\n");
        assertContains(refused(arguments("piqa,boolq", "--overwrite", "--samples", samples.toString())), "no data for 'boolq'");
        assertContains(refused(arguments("piqa,copa", "--overwrite", "--samples", samples.toString())), "copa/validation.jsonl row 1: there is no field");
        assertContains(refused(arguments("piqa", "--text", "no.txt", "--overwrite", "--samples", samples.toString())), "no.txt is not there");
        assertContains(refused(arguments("piqa", "--shards", folder.toString(), "--overwrite", "--samples", samples.toString())), "manifest.json");
        assertFalse(Files.exists(output), "nothing was scored");
        assertEquals("of another run", Files.readString(samples));
        assertContains(refused(arguments("piqa", "--samples", folder.toString())), "--samples " + folder + " is a folder");
        output = folder;
        assertContains(refused(arguments("piqa")), "--output " + folder + " is a folder: name a file to write");
    }

    @Test
    void changedShardsAreRefused() throws IOException {
        Path data = folder.resolve("prepared");
        SmallData.prepare(data);
        Path shard = data.resolve("train/part-00000.npy");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[0] ^= 1;
        Files.write(shard, bytes);
        assertContains(refused("eval", "--model", model.toString(), "--shards", data.toString(), "--output", output.toString()),
                shard + " is not what was written");
    }

    @Test
    void resumingWithWhatChangesANumberIsRefusedByName() throws IOException {
        refused(interrupted());
        assertContains(refused(interrupted("--resume", "--pattern", "causal")), "holds scores of another --pattern (sp, now causal)");
        assertContains(refused(interrupted("--resume", "--kernel", "tiled")), "holds scores of another --kernel (auto, now tiled)");
        assertContains(refused(interrupted("--resume", "--layout-length", "32")), "holds scores of another --layout-length (");
        assertContains(refused(interrupted("--resume", "--batch-tokens", "9")), "holds scores of another --batch-tokens (4096, now 9)");
        assertContains(refused(interrupted("--resume", "--no-prefix-reuse")), "holds scores of another --no-prefix-reuse (false, now true)");
        assertContains(refused(interrupted("--resume", "--precision", "bfloat16")), "bfloat16");
    }

    @Test
    void resultsNameWhatComputedThem() throws IOException {
        Cli.ok(arguments("piqa", "--kernel", "masked", "--limit", "0.5"));
        JsonNode config = JSON.readTree(output.toFile()).get("config");
        assertEquals("float32 masked 0.5", config.get("dtype").textValue() + " " + config.get("kernel").textValue() + " " + config.get("limit"));
        assertEquals(2, results().get("piqa").get("samples").intValue(), "half of three rows, rounded up");
        Cli.ok(arguments("piqa", "--limit", "1.0", "--overwrite"));
        assertEquals(1, results().get("piqa").get("samples").intValue());
        assertEquals("1", JSON.readTree(output.toFile()).get("config").get("limit").toString());
    }

    @Test
    void resultsThatAreNoNumbersAreNotCompared() throws IOException {
        Cli.ok(arguments("piqa"));
        String whole = Files.readString(output);
        Path other = Files.writeString(folder.resolve("other.json"), whole);
        for (String[] change : new String[][] {{"\"acc\" : ", "\"acc\" : \"0.5\", \"x\" : ", "results.piqa.acc must be a number or null"},
            {"\"samples\" : 3", "\"samples\" : \"3\"", "results.piqa.samples must be a whole number of at least 0 (got \"3\")"},
            {"\"shots\" : 0,\n      \"version\"", "\"version\"", "results.piqa.shots must be a whole number of at least 0 (got nothing)"},
            {"\"acc\" : ", "\"acc\" : 1e999, \"x\" : ", "results.piqa.acc must be a number or null (got "},
            {"\"acc\" : ", "\"acc\" : NaN, \"x\" : ", "is not valid JSON"},
            {"\"format\" : 1", "\"format\" : 2", "has format 2, this program reads format 1"}}) {
            assertTrue(whole.contains(change[0]), change[0]);
            Files.writeString(other, whole.replace(change[0], change[1]));
            assertContains(refused("eval", "--compare", output.toString(), other.toString()), change[2]);
        }
    }

    @Test
    void comparesResults() throws IOException {
        Cli.ok(arguments("piqa"));
        Path first = output;
        output = folder.resolve("causal.json");
        Cli.ok(arguments("piqa", "--pattern", "causal"));
        Cli result = Cli.ok("eval", "--compare", first.toString(), output.toString());
        assertContains(result.out(), "task  metric     results", "causal", "difference", "piqa  acc ");
        assertContains(Files.readString(folder.resolve("comparison.md")), "| task | metric | results | causal | difference |");
        assertContains(Files.readString(folder.resolve("comparison.html")), "<td>piqa</td>");
        assertContains(refused("eval", "--compare", first.toString(), output.toString()), "comparison.md exists already", "--overwrite");
        Cli.ok("eval", "--compare", first.toString(), output.toString(), "--overwrite");
        assertContains(refused("eval", "--compare", first.toString(), "--overwrite"), "at least two");
        assertContains(refused("eval", "--compare", first.toString(), "no.json", "--overwrite"), "no.json is not there");
    }

    @Test
    void resultsAreNotWrittenOverUnasked() throws IOException {
        Files.writeString(output, "mine");
        assertContains(refused(arguments("piqa")), "--output " + output + " exists already", "--overwrite", "--resume");
        assertEquals("mine", Files.readString(output));
        Path samples = Files.writeString(folder.resolve("samples.jsonl"), "mine");
        assertContains(refused("eval", "--model", model.toString(), "--task", "piqa", "--data", folder.resolve("data").toString(), "--samples",
                samples.toString()), "--samples " + samples + " exists already");
        Cli.ok(arguments("piqa", "--overwrite"));
        assertEquals(1, results().size());
    }

    @Test
    void withoutAFileResultsArePrinted() throws IOException {
        String[] arguments = {"eval", "--model", model.toString(), "--device", "cpu", "--task", "piqa", "--data",
            folder.resolve("data").toString(), "--quiet"};
        Cli table = Cli.ok(arguments);
        assertContains(table.out(), "piqa");
        String[] asJson = Arrays.copyOf(arguments, arguments.length + 1);
        asJson[arguments.length] = "--json";
        Cli.ok(arguments("piqa"));
        assertEquals(Files.readString(output), Cli.ok(asJson).out());
        assertContains(refused("eval", "--model", model.toString(), "--task", "piqa", "--data", "x", "--resume"), "--resume needs --output");
        Path requests = Files.writeString(folder.resolve("ready.jsonl"), "{\"doc_id\":0,\"idx\":0,\"request\":{\"context\":\"a\","
                + "\"continuation\":\" b\"}}\n");
        Cli answers = Cli.ok("eval", "--model", model.toString(), "--device", "cpu", "--requests", requests.toString());
        assertTrue(JSON.readTree(answers.out()).path("loglikelihood").doubleValue() < 0, answers.out());
    }

    @Test
    void refusesBadRows() throws IOException {
        Path file = put("piqa/validation.jsonl", PIQA.formatted(0) + PIQA.formatted(2));
        assertEquals("spattn: " + file + " row 2: the right answer 2 is outside the 2 choices, 0 to 1", refused(arguments("piqa")));
        put("piqa/validation.jsonl", PIQA.formatted(0).replace("sol2", "sol3"));
        assertContains(refused(arguments("piqa")), file + " row 1: there is no field 'sol2'");
        put("piqa/validation.jsonl", "");
        assertContains(refused(arguments("piqa")), file + " has no rows");
        put("piqa/validation.jsonl", PIQA.formatted(0) + "{\"goal\":");
        assertContains(refused(arguments("piqa")), file + " line 2 is not valid JSON");
        put("piqa/validation.jsonl", PIQA.formatted(0).replace("pull", "pull".repeat(30)));
        assertContains(refused(arguments("piqa")), "piqa document 0 choice 0 has a continuation of 121 tokens, more than the 64");
    }

    @Test
    void refusesACutGzip() throws IOException {
        byte[] whole = gzip(PIQA.formatted(0).repeat(50));
        Files.delete(folder.resolve("data/piqa/validation.jsonl"));
        Path file = Files.write(folder.resolve("data/piqa/validation.jsonl.gz"), Arrays.copyOf(whole, whole.length - 12));
        assertContains(refused(arguments("piqa")), file + " is truncated: its compressed data end too early");
        byte[] requests = gzip("{\"request\":{\"context\":\"ab\",\"continuation\":\"c\"},\"doc_id\":4,\"idx\":1}\n".repeat(50));
        Files.write(file, Arrays.copyOf(requests, requests.length - 12));
        assertContains(refused("eval", "--model", model.toString(), "--requests", file.toString(), "--output", output.toString()),
                file + " is truncated");
    }

    @Test
    void refusesModelsAndTokenizersThatDoNotFit() throws IOException {
        model = models.resolve("narrow");
        assertContains(refused(arguments("piqa")), "has 257 ids, more than the model's vocabulary of 100");
        model = folder;
        assertContains(refused(arguments("piqa")), "config.json");
        model = folder.resolve("no-such");
        assertContains(refused(arguments("piqa")), "no-such");
    }

    @Test
    void refusesWrongOptions() throws IOException {
        assertContains(refused(arguments("arc_eazy")), "unknown task 'arc_eazy' (did you mean arc_easy?)");
        assertContains(refused(arguments("piqa", "--shots", "5")), "has 3 rows to take examples from");
        assertContains(refused(arguments("piqa", "--limit", "0")), "--limit must be at least 1 (got 0)");
        assertContains(refused(arguments("piqa", "--limit", "2.5")), "(got 2.5), a whole number of rows, or a fraction of them");
        assertContains(refused(arguments("piqa", "--limit", "-0.5")), "--limit must be at least 1 (got -0.5)");
        assertContains(refused(arguments("piqa", "--limit", "NaN")), "--limit must be at least 1 (got NaN)");
        assertContains(refused(arguments("piqa", "--shots", "-1")), "--shots must be at least 0 (got -1)");
        assertContains(refused(arguments("piqa", "--max-length", "65")), "--max-length must lie in [1, 64]");
        assertContains(refused(arguments("piqa", "--batch-tokens", "0")), "--batch-tokens must be at least 1");
        assertContains(refused("eval", "--output", "x"), "--model is missing");
        assertContains(refused("eval", "--model", model.toString(), "--output", "x"), "name what to score");
        assertContains(refused("eval", "--model", model.toString(), "--task", "piqa", "--output", "x"), "--task needs --data");
        assertContains(refused("eval", "--model", model.toString(), "--task", "piqa", "--data", "no", "--output", "x"),
                "the data folder no is not there");
        assertContains(refused("eval", "--model", model.toString(), "--text", "no.txt", "--output", output.toString()),
                "no.txt is not there");
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
