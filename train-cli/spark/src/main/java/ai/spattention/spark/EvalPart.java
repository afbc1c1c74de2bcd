package ai.spattention.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.resource.ResourceInformation;

/**
 * Computes a part of an evaluation in a process of its own, and leaves its scores beside the output. A part that is there already is not
 * computed again.
 *
 * @param spattn how it is started
 * @param arguments what follows {@code spattn eval}, the same for all parts
 * @param device where to compute if Spark gives the task no GPU; null for the default
 * @param storage where the output lies
 * @param output the output
 * @param count the number of parts
 */
record EvalPart(SpattnCommand spattn, List<String> arguments, String device, Storage storage, String output, int count)
        implements Function<Integer, String> {

    /** A part's scores, as {@code eval --part} calls and {@code eval --merge} finds them beside an output. */
    static String scores(String output, int index, int count) {
        return output + ".part-" + index + "-of-" + count;
    }

    /** The refusal that the process ended with; an empty text if the part is computed. */
    @Override
    public String call(Integer index) throws IOException {
        String finished = scores(output, index, count);
        if (storage.exists(finished)) {
            return "";
        }
        TaskContext task = TaskContext.get();
        String part = index + "/" + count;
        try (Scratch scratch = Scratch.create()) {
            String results = scratch.path().resolve("results.json").toString();
            List<String> all = new ArrayList<>(List.of("eval"));
            all.addAll(arguments);
            all.addAll(devices(task));
            all.addAll(List.of("--output", results, "--part", part));
            try (ChildProcess child = ChildProcess.start("part " + part, spattn.with(all), Map.of())) {
                ChildProcess.Ending ending = child.await(task::isInterrupted);
                if (ending.exitCode() == ChildFailedException.BAD_INPUT) { // Spark would try it again
                    return ending.lastLine().replaceFirst("^spattn: ", "");
                }
                if (ending.exitCode() != 0) {
                    throw ChildFailedException.of("part " + part, ending);
                }
            }
            String whole = finished + "." + task.taskAttemptId() + ".tmp";
            storage.upload(Path.of(scores(results, index, count)), whole);
            storage.move(whole, finished);
            return "";
        }
    }

    /** The GPUs that Spark has set aside for the task, else what was asked for. */
    private List<String> devices(TaskContext task) {
        ResourceInformation gpus = task.resourcesJMap().get("gpu");
        if (gpus != null) {
            return List.of("--devices", Stream.of(gpus.addresses()).map(address -> "gpu:" + address).collect(Collectors.joining(",")));
        }
        return device == null ? List.of() : List.of("--device", device);
    }
}
