package ai.spattention.eval.task;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.Hints;
import ai.spattention.olmoe.io.VisibleText;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The tasks that come with this project, and those that users describe in files of their own. */
public final class TaskCatalog {

    private static final List<String> TASKS = List.of("arc_easy", "arc_challenge", "hellaswag", "piqa", "winogrande",
            "openbookqa", "boolq", "sciq", "copa", "social_iqa", "commonsense_qa", "lambada", "wikitext");
    private static final List<String> GROUPS = List.of("mmlu", "mmlu_continuation");

    private final Map<String, TaskSpec> tasks = new TreeMap<>();
    private final Map<String, TaskGroup> groups = new TreeMap<>();

    /** Reads the descriptions that come with this project. */
    public TaskCatalog() {
        for (String name : TASKS) {
            tasks.put(name, TaskFiles.read(name + ".yaml", resource(name + ".yaml"), TaskSpec.class));
        }
        for (String name : GROUPS) {
            addGroup(TaskFiles.read(name + ".yaml", resource(name + ".yaml"), GroupSpec.class));
        }
    }

    @SuppressWarnings("unchecked")
    private void addGroup(GroupSpec spec) {
        Map<String, List<String>> subjects = TaskFiles.read(spec.subjects(), resource(spec.subjects()), Map.class);
        List<TaskSpec> all = new ArrayList<>();
        List<TaskGroup.Part> parts = new ArrayList<>();
        subjects.forEach((category, names) -> {
            List<TaskSpec> members = names.stream().map(spec.task()::ofSubject).toList();
            members.forEach(member -> tasks.put(member.task(), member));
            all.addAll(members);
            TaskGroup part = new TaskGroup(spec.group() + "_" + category, members, List.of());
            groups.put(part.name(), part);
            parts.add(new TaskGroup.Part(part.name(), members.stream().map(TaskSpec::task).toList()));
        });
        groups.put(spec.group(), new TaskGroup(spec.group(), all, parts));
    }

    /**
     * Finds a task or a group.
     *
     * @param name its name, or the name of a file that describes a task, which ends in {@code .yaml} or {@code .yml}
     * @return the tasks to run under that name
     * @throws InvalidInputException if there is none, or the file is wrong
     * @throws IOException if the file cannot be read
     */
    public TaskGroup find(String name) throws IOException {
        if (name.endsWith(".yaml") || name.endsWith(".yml")) {
            return fromFile(Path.of(name));
        }
        if (tasks.containsKey(name)) {
            return TaskGroup.of(tasks.get(name));
        }
        if (groups.containsKey(name)) {
            return groups.get(name);
        }
        throw new InvalidInputException("unknown task '" + name + "'" + hint(name) + ": choose of " + names()
                + ", or name a YAML file that describes one");
    }

    private static TaskGroup fromFile(Path file) throws IOException {
        TaskSpec spec = TaskFiles.read(file.toString(), TaskFiles.text(file), TaskSpec.class);
        try {
            new Prompts(spec);
        } catch (InvalidInputException e) {
            throw new InvalidInputException(file + ": " + VisibleText.line(e.getMessage()), e);
        }
        return TaskGroup.of(spec);
    }

    private String hint(String name) {
        List<String> known = new ArrayList<>(tasks.keySet());
        known.addAll(groups.keySet());
        return Hints.nearest(name, known).map(each -> " (did you mean " + each + "?)").orElse("");
    }

    /**
     * All that comes with this project: the tasks, then the groups with the groups within them; subjects of groups only as their members.
     *
     * @return what {@link #find} gives for each name
     */
    public List<TaskGroup> all() {
        List<TaskGroup> all = new ArrayList<>();
        TASKS.forEach(name -> all.add(TaskGroup.of(tasks.get(name))));
        for (String name : GROUPS) {
            all.add(groups.get(name));
            groups.get(name).parts().forEach(part -> all.add(groups.get(part.name())));
        }
        return all;
    }

    /**
     * The names of the tasks and groups, without the subjects of groups.
     *
     * @return the names, separated by commas
     */
    public static String names() {
        return String.join(", ", TASKS) + ", " + String.join(", ", GROUPS) + ", mmlu_CATEGORY, mmlu_SUBJECT";
    }

    private static String resource(String name) {
        try (InputStream in = TaskCatalog.class.getResourceAsStream("/ai/spattention/eval/tasks/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the task file " + name, e);
        }
    }
}
