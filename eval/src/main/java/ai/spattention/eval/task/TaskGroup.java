package ai.spattention.eval.task;

import java.util.List;

/**
 * What a person asked for by one name: a single task, or several that are also averaged.
 *
 * @param name the name
 * @param tasks at least one
 * @param parts groups within the group
 */
public record TaskGroup(String name, List<TaskSpec> tasks, List<Part> parts) {

    /**
     * A group within a group.
     *
     * @param name its name
     * @param tasks the names of its tasks
     */
    public record Part(String name, List<String> tasks) {}

    static TaskGroup of(TaskSpec task) {
        return new TaskGroup(task.task(), List.of(task), List.of());
    }

    /**
     * Whether there is an average to compute.
     *
     * @return false for a single task
     */
    public boolean isAverage() {
        return tasks.size() > 1;
    }
}
