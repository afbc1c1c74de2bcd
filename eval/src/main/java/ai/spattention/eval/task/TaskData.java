package ai.spattention.eval.task;

import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.data.DataSource;
import ai.spattention.eval.data.DataSplit;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What data a task needs and where it is looked for.
 *
 * @param task the task's name
 * @param splits the splits that are scored, the best first: one of them is needed
 * @param places where they are looked for below a data folder, the first place first
 */
public record TaskData(String task, List<String> splits, List<String> places) {

    /**
     * What a task needs.
     *
     * @param spec the task
     * @return its data
     */
    public static TaskData of(TaskSpec spec) {
        List<String> places = Stream.concat(Stream.of(spec.folder() + "/" + spec.evaluate().get(0) + ".jsonl"),
                spec.datasets().stream().map(TaskData::onHub)).toList();
        return new TaskData(spec.task(), spec.evaluate(), places);
    }

    private static String onHub(DataSource source) {
        return source.path() + (source.name() == null ? "" : " (" + source.name() + ")");
    }

    /**
     * Looks for the split that would be scored.
     *
     * @param spec the task
     * @param folder where to look
     * @return the best split that is there, or empty if none is
     * @throws IOException if a folder cannot be read
     */
    public static Optional<DataSplit> find(TaskSpec spec, DataFolder folder) throws IOException {
        for (String split : spec.evaluate()) {
            Optional<DataSplit> found = folder.find(spec.folder(), spec.datasets(), split);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }
}
