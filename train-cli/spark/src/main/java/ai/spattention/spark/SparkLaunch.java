package ai.spattention.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkExecutorInfo;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Runs one command of {@code spattn} as several processes that work together, a task of a barrier stage each. When one fails all are
 * ended; a training that failed is started again, and goes on from its newest checkpoint.
 */
@Command(name = "SparkLaunch", mixinStandardHelpOptions = true, description = {
    "Run a command as several processes that work together, as 'spattn launch' does, each in a task of Spark.",
    "What follows the options is the command: train --config ... --output DIR. Its paths have to be the same on all workers."})
public final class SparkLaunch implements Callable<Integer> {

    private static final long QUIET_SECONDS = 120;
    private static final long POLL_MILLIS = 200;

    @Option(names = "--spattn", required = true, paramLabel = "PLACE", description = "The distribution's folder, in the same place on every machine.")
    private String place;

    @Option(names = "--processes", defaultValue = "1", paramLabel = "N", description = "How many (default: ${DEFAULT-VALUE}).")
    private int processes;

    @Option(names = "--max-restarts", defaultValue = "0", paramLabel = "K", description =
        "How often it is started again when a process or a machine fails (default: ${DEFAULT-VALUE}); 'train' then goes on by --resume.")
    private int maxRestarts;

    @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The command and its options.")
    private List<String> command;

    /**
     * Runs as a program of spark-submit.
     *
     * @param arguments the options
     */
    public static void main(String[] arguments) {
        System.exit(Program.run(new SparkLaunch(), arguments));
    }

    @Override
    public Integer call() throws InterruptedException {
        if (processes < 1 || maxRestarts < 0) {
            throw new RefusedException("--processes must be at least 1 (got " + processes + "), and --max-restarts at least 0 (got " + maxRestarts
                    + ")");
        }
        if (maxRestarts > 0 && !new LaunchedCommand(command).isResumable()) {
            throw new RefusedException("--max-restarts needs --output DIR among the arguments of 'train': a restart goes on in that folder");
        }
        SparkConf settings = new SparkConf().setIfMissing("spark.app.name", "spattn " + command.get(0));
        if (settings.getBoolean("spark.dynamicAllocation.enabled", false)) {
            throw new RefusedException("spark.dynamicAllocation.enabled is true, but processes that work together need all their executors at"
                    + " once: submit with --conf spark.dynamicAllocation.enabled=false");
        }
        try (JavaSparkContext spark = new JavaSparkContext(settings)) {
            for (int restart = 0; ; restart++) {
                try {
                    run(spark, restart > 0);
                    return 0;
                } catch (Exception e) { // Spark's exceptions are checked, and not declared
                    JobFailure failure = JobFailure.of(e);
                    if (restart == maxRestarts || failure.isRefusal() || spark.sc().isStopped()) {
                        throw failure.exception(e);
                    }
                    System.err.println("spattn: " + failure.message() + "; restart " + (restart + 1) + " of " + maxRestarts);
                }
                awaitQuiet(spark);
            }
        }
    }

    private void run(JavaSparkContext spark, boolean again) {
        ClassTag<Integer> integers = ClassTag$.MODULE$.apply(Integer.class);
        JavaRDD<Integer> ranks = spark.parallelize(new ArrayList<>(IntStream.range(0, processes).boxed().toList()), processes);
        JavaRDD.fromRDD(ranks.rdd().barrier().mapPartitions(new SameElements<>(), false, integers), integers)
                .mapPartitions(new BarrierRank(new SpattnCommand(place), new LaunchedCommand(new ArrayList<>(command)), again)).collect();
    }

    /** The tasks of a failed stage run on until they notice, and their processes hold the run's folder. */
    private static void awaitQuiet(JavaSparkContext spark) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(QUIET_SECONDS);
        while (Arrays.stream(spark.sc().statusTracker().getExecutorInfos()).mapToInt(SparkExecutorInfo::numRunningTasks).sum() > 0
                && System.nanoTime() < end) {
            Thread.sleep(POLL_MILLIS);
        }
    }
}
