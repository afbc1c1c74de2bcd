package ai.spattention.eval;

import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import ai.spattention.eval.metric.Statistics;
import ai.spattention.eval.report.TaskResult;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.eval.task.TaskSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Scores a model on what a person asked for by one name: a task, or several and their averages. */
public final class GroupRun {

    private final TaskRun tasks;
    private final Consumer<String> notes;

    /** Gets results as they come. */
    @FunctionalInterface
    public interface ResultSink {

        /**
         * Takes a result.
         *
         * @param result what a task gave, or an average
         * @throws IOException if it cannot be kept
         */
        void add(TaskResult result) throws IOException;
    }

    /**
     * Creates a run.
     *
     * @param tasks scores single tasks
     * @param notes gets a line for each thing that a person should know: another split than wanted, tasks without data
     */
    public GroupRun(TaskRun tasks, Consumer<String> notes) {
        this.tasks = tasks;
        this.notes = notes;
    }

    /**
     * Scores a group. Tasks of an average for which there are no data are left out of it.
     *
     * @param group the task, or the tasks of an average
     * @param folder where the data are
     * @param results gets each task's result, then those of the parts' averages, then that of the whole
     * @throws ai.spattention.common.InvalidInputException if there are no data for any of the tasks, or a row does not fit its task
     * @throws IOException if reading or keeping fails
     */
    public void run(TaskGroup group, DataFolder folder, ResultSink results) throws IOException {
        if (!group.isAverage()) {
            run(group.tasks().get(0), folder, results);
            return;
        }
        List<TaskResult> members = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (TaskSpec task : group.tasks()) {
            if (isThere(task, folder)) {
                members.add(run(task, folder, results));
            } else {
                missing.add(task.task());
            }
        }
        if (members.isEmpty()) {
            run(group.tasks().get(0), folder, results); // says what is missing
        }
        if (!missing.isEmpty()) {
            notes.accept("warning: " + group.name() + ": the average is of " + members.size() + " of " + group.tasks().size()
                    + " tasks; there are no data for the others");
        }
        for (TaskGroup.Part part : group.parts()) {
            List<TaskResult> own = members.stream().filter(each -> part.tasks().contains(each.name())).toList();
            if (!own.isEmpty()) {
                results.add(average(part.name(), own, missing.stream().filter(part.tasks()::contains).toList()));
            }
        }
        results.add(average(group.name(), members, missing));
    }

    private static boolean isThere(TaskSpec task, DataFolder folder) throws IOException {
        for (String split : task.evaluate()) {
            if (folder.find(task.folder(), task.datasets(), split).isPresent()) {
                return true;
            }
        }
        return false;
    }

    private TaskResult run(TaskSpec task, DataFolder folder, ResultSink results) throws IOException {
        TaskResult result = tasks.run(task, folder);
        if (!result.data().split().equals(result.data().wantedSplit())) {
            notes.accept("warning: " + task.task() + ": there is no split '" + result.data().wantedSplit() + "', '" + result.data().split()
                    + "' is scored");
        }
        results.add(result);
        return result;
    }

    private static TaskResult average(String name, List<TaskResult> members, List<String> missing) {
        List<Integer> sizes = members.stream().map(TaskResult::samples).toList();
        Map<MetricName, Statistic> metrics = new LinkedHashMap<>();
        for (MetricName metric : members.get(0).metrics().keySet()) {
            metrics.put(metric, Statistics.pooled(members.stream().map(each -> each.metrics().get(metric)).toList(), sizes));
        }
        TaskResult first = members.get(0);
        return new TaskResult(name, first.version(), first.shots(), sizes.stream().mapToInt(Integer::intValue).sum(), metrics,
                null, members.stream().map(TaskResult::name).toList(), missing);
    }
}
