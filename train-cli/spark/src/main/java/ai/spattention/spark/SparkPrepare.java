package ai.spattention.spark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Prepares text on a Spark cluster: a task for each of the units that {@code prepare} would cut, and the shards are those of {@code prepare}.
 * Input and output lie wherever Hadoop reaches. A job that is submitted again goes on with the units that are missing.
 */
@Command(name = "SparkPrepare", mixinStandardHelpOptions = true, description = {
    "Prepare text on a Spark cluster, as 'spattn prepare --workers N' does. Options without a description here are those of 'spattn prepare'.",
    "Inputs, --validation, --tokenizer and --output may be any that Hadoop reaches; what is local has to lie in the same place on all machines."})
public final class SparkPrepare implements Callable<Integer> {

    /** The tokenizer that is no file. */
    static final String BYTES = "bytes";

    private static final long POLL_SECONDS = 1;

    @Option(names = "--spattn", required = true, paramLabel = "PLACE", description = "The distribution's folder, in the same place on every machine.")
    private String place;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder to write: absent, empty, or left unfinished by the same command.")
    private String output;

    @Option(names = "--tokenizer", required = true, paramLabel = "FILE|bytes")
    private String tokenizer;

    @Option(names = "--validation", paramLabel = "[NAME=]INPUT")
    private List<String> validation = List.of();

    @Option(names = "--eos-id", paramLabel = "ID")
    private String eosId;

    @Option(names = "--field", paramLabel = "NAME")
    private String field;

    @Option(names = "--document-separator", paramLabel = "SEPARATOR")
    private String separator;

    @Option(names = "--validation-fraction", paramLabel = "F")
    private String validationFraction;

    @Option(names = "--shard-tokens", paramLabel = "N")
    private String shardTokens;

    @Option(names = "--seed", paramLabel = "N")
    private String seed;

    @Option(names = "--unit-bytes", paramLabel = "N")
    private String unitBytes;

    @Parameters(arity = "1..*", paramLabel = "INPUT", description = "Files, folders and patterns.")
    private List<String> inputs;

    /**
     * Runs as a program of spark-submit.
     *
     * @param arguments the options
     */
    public static void main(String[] arguments) {
        System.exit(Program.run(new SparkPrepare(), arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        SparkConf settings = new SparkConf().setIfMissing("spark.app.name", "spattn prepare");
        try (JavaSparkContext spark = new JavaSparkContext(settings)) {
            UnitStore store = new UnitStore(Storage.of(spark.hadoopConfiguration()), output.replaceFirst("/+$", ""));
            List<UnitTask.Unit> units = units(store);
            if (!store.isFinished()) {
                if (!store.isJoining()) {
                    prepare(spark, store, units);
                }
                join(store, units.size());
            }
            store.clear();
            say(units.size() + " units; manifest: " + output + "/manifest.json");
            return 0;
        }
    }

    /** The units of the inputs, once the output is found to be theirs. */
    private List<UnitTask.Unit> units(UnitStore store) throws IOException {
        InputListing listing = new InputListing(store.storage());
        List<UnitFile> heldOut = new ArrayList<>();
        for (Map.Entry<String, List<String>> set : sets().entrySet()) {
            heldOut.addAll(listing.find(set.getKey(), set.getValue()));
        }
        List<UnitFile> learnt = listing.find("", inputs);
        List<List<UnitFile>> files = new ArrayList<>(List.of(heldOut)); // of the first unit
        List<Integer> numbers = cut(learnt);
        for (int i = 0; i < numbers.size(); i++) {
            while (files.size() <= numbers.get(i)) {
                files.add(new ArrayList<>());
            }
            files.get(numbers.get(i)).add(learnt.get(i));
        }
        List<String> arguments = new ArrayList<>(forwarded());
        arguments.addAll(List.of("--tokenizer", tokenizer, "units: " + files.size(), heldOut.size() + learnt.size() + " files whose names have"
                + " the hash " + sha256(names(heldOut) + "\n" + names(learnt))));
        String outside = listing.holder(output);
        if (outside != null) {
            throw new RefusedException("--output " + output + " lies in the input " + outside + ", where its files would be read as text the next"
                    + " time: name a folder elsewhere");
        }
        store.begin(arguments);
        List<UnitTask.Unit> units = new ArrayList<>();
        for (List<UnitFile> own : files) {
            units.add(new UnitTask.Unit(units.size(), sha256(arguments + own.toString()), own));
        }
        return units;
    }

    /** The inputs of each held-out set, as {@code prepare} reads the option. */
    private Map<String, List<String>> sets() {
        Map<String, List<String>> sets = new LinkedHashMap<>();
        for (String option : validation) {
            int equals = option.indexOf('=');
            boolean isNamed = equals >= 0 && option.lastIndexOf('/', equals) < 0;
            sets.computeIfAbsent(isNamed ? option.substring(0, equals) : "validation", any -> new ArrayList<>())
                    .add(isNamed ? option.substring(equals + 1) : option);
        }
        return sets;
    }

    private static String names(List<UnitFile> files) {
        return files.stream().map(file -> file.set() + "\t" + file.name()).collect(Collectors.joining("\n"));
    }

    private List<Integer> cut(List<UnitFile> files) throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path sizes = Files.write(scratch.path().resolve("sizes"), files.stream().map(file -> Long.toString(file.bytes())).toList());
            Path units = scratch.path().resolve("units");
            List<String> arguments = new ArrayList<>(List.of("units", "cut", sizes.toString(), "--output", units.toString()));
            add(arguments, "--seed", seed);
            add(arguments, "--unit-bytes", unitBytes);
            run("cut", arguments);
            return Files.readAllLines(units).stream().map(Integer::valueOf).toList();
        }
    }

    private void prepare(JavaSparkContext spark, UnitStore store, List<UnitTask.Unit> units) throws IOException, InterruptedException {
        List<UnitTask.Unit> open = new ArrayList<>();
        for (UnitTask.Unit unit : units) {
            if (!store.isComplete(unit.number(), unit.inputs())) {
                open.add(unit);
            }
        }
        if (open.isEmpty()) {
            return;
        }
        long bytesTotal = units.stream().mapToLong(UnitTask.Unit::bytes).sum();
        long bytesBefore = bytesTotal - open.stream().mapToLong(UnitTask.Unit::bytes).sum();
        LongAccumulator bytesDone = spark.sc().longAccumulator("bytes done");
        CollectionAccumulator<String> refusals = spark.sc().collectionAccumulator("refusals");
        List<String> options = new ArrayList<>(inputs);
        options.addAll(forwarded());
        options.addAll(List.of("--threads", spark.getConf().get("spark.task.cpus", "1")));
        JavaFutureAction<Void> job = spark.parallelize(open, open.size())
                .foreachAsync(new UnitTask(new SpattnCommand(place), options, tokenizer(store), store, bytesDone, refusals));
        long told = -1;
        while (!isDone(job) && refusals.isZero()) {
            if (bytesDone.value() != told) {
                told = bytesDone.value();
                say(String.format(Locale.ROOT, "prepare: %.1f of %.1f MB (%d%%)", (bytesBefore + told) / 1e6, bytesTotal / 1e6,
                        bytesTotal == 0 ? 100 : 100 * (bytesBefore + told) / bytesTotal));
            }
        }
        if (!refusals.isZero()) {
            job.cancel(true);
            throw new RefusedException(refusals.value().get(0));
        }
    }

    private static boolean isDone(JavaFutureAction<Void> job) throws InterruptedException {
        try {
            job.get(POLL_SECONDS, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw JobFailure.of(e.getCause()).exception(e);
        }
    }

    private void join(UnitStore store, int units) throws IOException {
        Storage storage = store.storage();
        try (Scratch scratch = Scratch.create()) {
            List<String> folders = new ArrayList<>();
            for (int unit = 0; unit < units; unit++) {
                folders.add(store.folder(unit));
                Path copy = Files.createDirectory(scratch.path().resolve(UnitStore.name(unit)));
                storage.download(folders.get(unit) + "/manifest.json", copy.resolve("manifest.json"));
            }
            List<String> arguments = new ArrayList<>(List.of("units", "join", scratch.path().toString(), "--units", Integer.toString(units)));
            String name = tokenizer(store);
            add(arguments, "--tokenizer-name", name.equals(BYTES) || UnitFile.isLocal(name) ? null : name);
            run("join", arguments);
            store.beginJoining();
            for (String line : Files.readAllLines(scratch.path().resolve("moves.tsv"))) {
                String[] columns = line.split("\t");
                int slash = columns[0].indexOf('/');
                int unit = Integer.parseInt(columns[0].substring(columns[0].indexOf('-') + 1, slash));
                store.move(folders.get(unit) + columns[0].substring(slash), columns[1]);
            }
            store.finish(storage.read(folders.get(0) + "/tokenizer.json"), Files.readString(scratch.path().resolve("manifest.json")));
        }
    }

    /** The tokenizer's place, as every machine may name it. */
    private String tokenizer(UnitStore store) throws IOException {
        return tokenizer.equals(BYTES) ? BYTES : store.storage().qualified(tokenizer);
    }

    /** The options that decide what a unit is made to, as they were given. */
    private List<String> forwarded() {
        List<String> options = new ArrayList<>();
        validation.forEach(set -> add(options, "--validation", set));
        add(options, "--eos-id", eosId);
        add(options, "--field", field);
        add(options, "--document-separator", separator);
        add(options, "--validation-fraction", validationFraction);
        add(options, "--shard-tokens", shardTokens);
        add(options, "--seed", seed);
        return options;
    }

    private static void add(List<String> options, String name, String value) {
        if (value != null) {
            options.add(name + "=" + value);
        }
    }

    private void run(String name, List<String> arguments) throws IOException {
        try (ChildProcess child = ChildProcess.start(name, new SpattnCommand(place).with(arguments), Map.of())) {
            ChildProcess.Ending ending = child.await(() -> false);
            if (ending.exitCode() != 0) {
                throw ChildFailedException.of(name, ending);
            }
        }
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java machine has SHA-256", e);
        }
    }

    private static void say(String line) {
        System.err.println(line);
    }
}
