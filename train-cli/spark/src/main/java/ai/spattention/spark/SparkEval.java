package ai.spattention.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Scores a model on a Spark cluster. A task computes a part of the batches by {@code spattn eval --part}, and the driver merges what the
 * parts leave beside the output; the results are those of one process. A job that is submitted again goes on with the parts that are missing.
 */
@Command(name = "SparkEval", mixinStandardHelpOptions = true, description = {
    "Score a model on a Spark cluster. What follows -- are options of 'spattn eval': --model DIR --task NAME --data DIR. Their paths have to be",
    "the same on all machines; --output may be any that Hadoop reaches."})
public final class SparkEval implements Callable<Integer> {

    /** What this program says to eval itself, and what has no parts. */
    private static final Set<String> NOT_TAKEN = Set.of("--output", "--overwrite", "--device", "--devices", "--part", "--merge", "--resume",
            "--samples", "--probes", "--compare", "--json");

    @Option(names = "--spattn", required = true, paramLabel = "PLACE", description = "The distribution's folder, in the same place on every machine.")
    private String place;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Where the results go: hdfs://, s3a:// or a folder that all share.")
    private String output;

    @Option(names = "--parts", paramLabel = "N", description =
        "Into how many parts the work is cut: a few times as many as run at a time, and a lost machine costs less (default: as many as run at a time).")
    private Integer parts;

    @Option(names = "--device", paramLabel = "cpu|gpu|gpu:K|auto", description = "Where a task computes that Spark gives no GPU (default: auto).")
    private String device;

    @Option(names = "--overwrite", description = "Replace an --output that exists, and compute parts anew that a job has left.")
    private boolean overwrite;

    @Parameters(arity = "1..*", paramLabel = "OPTION", description = "Options of 'spattn eval', after --.")
    private List<String> arguments;

    /**
     * Runs as a program of spark-submit.
     *
     * @param arguments the options
     */
    public static void main(String[] arguments) {
        System.exit(Program.run(new SparkEval(), arguments));
    }

    @Override
    public Integer call() throws IOException {
        arguments.stream().map(argument -> argument.replaceFirst("=.*", "")).filter(NOT_TAKEN::contains).findFirst().ifPresent(taken -> {
            throw new RefusedException(taken + " cannot follow --: --output, --overwrite and --device come before it, and other things that are no"
                    + " scores have no parts");
        });
        if (parts != null && parts < 1) {
            throw new RefusedException("--parts must be at least 1 (got " + parts + ")");
        }
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf().setIfMissing("spark.app.name", "spattn eval"))) {
            Storage storage = Storage.of(spark.hadoopConfiguration());
            if (!overwrite && storage.exists(output)) {
                throw new RefusedException("--output " + output + " exists already: name another file, or add --overwrite to replace it");
            }
            int count = parts != null ? parts : spark.defaultParallelism();
            if (overwrite) {
                deleteParts(storage, count);
            }
            compute(spark, storage, count);
            merge(storage, count);
            return 0;
        }
    }

    private void compute(JavaSparkContext spark, Storage storage, int count) {
        List<Integer> indices = new ArrayList<>(IntStream.rangeClosed(1, count).boxed().toList());
        spark.parallelize(indices, count)
                .map(new EvalPart(new SpattnCommand(place), new ArrayList<>(arguments), device, storage, output, count)).collect().stream()
                .filter(refusal -> !refusal.isEmpty()).findFirst().ifPresent(refusal -> {
                    throw new RefusedException(refusal);
                });
    }

    private void merge(Storage storage, int count) throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path results = scratch.path().resolve("results.json");
            for (int index = 1; index <= count; index++) {
                storage.download(EvalPart.scores(output, index, count), Path.of(EvalPart.scores(results.toString(), index, count)));
            }
            List<String> all = new ArrayList<>(List.of("eval"));
            all.addAll(arguments);
            all.addAll(List.of("--output", results.toString(), "--merge"));
            try (ChildProcess child = ChildProcess.start("merge", new SpattnCommand(place).with(all), Map.of())) {
                ChildProcess.Ending ending = child.await(() -> false);
                if (ending.exitCode() != 0) {
                    throw ChildFailedException.of("merge", ending);
                }
            }
            storage.upload(results, output + ".tmp");
            storage.move(output + ".tmp", output);
        }
        deleteParts(storage, count);
        System.err.println("results: " + output);
    }

    private void deleteParts(Storage storage, int count) throws IOException {
        for (int index = 1; index <= count; index++) {
            storage.delete(EvalPart.scores(output, index, count));
        }
    }
}
