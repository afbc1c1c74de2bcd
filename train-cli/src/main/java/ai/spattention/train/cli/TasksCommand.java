package ai.spattention.train.cli;

import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.data.DataSplit;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.task.TaskCatalog;
import ai.spattention.eval.task.TaskData;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.eval.task.TaskSpec;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the benchmark tasks. */
@Command(name = "tasks", mixinStandardHelpOptions = true, description = {
    "List the benchmark tasks and groups, and the data that each needs.",
    "These are what eval --task and evaluation.tasks know. Data is looked for below --data: as a file, or as a data set of the Hugging "
        + "Face hub, copied there or in its cache."})
final class TasksCommand implements Callable<Integer> {

    private static final int SHOWN = 3;

    @Parameters(arity = "0..*", paramLabel = "TASK", description = "Tasks, groups or YAML files to tell about (default: all that come with this program).")
    private List<String> names = List.of();

    @Option(names = "--data", paramLabel = "DIR", description = "Look for the data in this folder, as eval --data does.")
    private Path data;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** A task, and the split that was found. */
    private record Needed(TaskSpec task, TaskData data, Optional<DataSplit> found) {}

    @Override
    public Integer call() throws IOException {
        TaskCatalog catalog = new TaskCatalog();
        List<TaskGroup> groups = new ArrayList<>();
        for (String name : names) {
            groups.add(catalog.find(name));
        }
        Optional<DataFolder> folder = data == null ? Optional.empty() : Optional.of(DataFolder.open(data));
        ObjectNode root = new ObjectMapper().createObjectNode().put("data", data == null ? null : data.toString());
        PrintWriter out = spec.commandLine().getOut();
        if (!json) {
            out.printf(Locale.ROOT, "%-33s %5s  %-45s %-28s %s%n", "task", "tasks", "metrics", "found", "splits, looked for as");
        }
        for (TaskGroup group : names.isEmpty() ? catalog.all() : groups) {
            List<Needed> needed = new ArrayList<>();
            for (TaskSpec task : group.tasks()) {
                needed.add(new Needed(task, TaskData.of(task), folder.isEmpty() ? Optional.empty() : TaskData.find(task, folder.get())));
            }
            if (json) {
                root.withArray("tasks").add(json(group, needed, folder.isPresent()));
            } else {
                print(out, group, needed, folder.isPresent());
            }
        }
        if (json) {
            out.println(root);
        } else if (folder.isEmpty()) {
            out.println("--data DIR tells which of them are there");
        }
        out.flush();
        return 0;
    }

    private static void print(PrintWriter out, TaskGroup group, List<Needed> needed, boolean looked) {
        Needed first = needed.get(0);
        long found = needed.stream().filter(task -> task.found.isPresent()).count();
        String where = !looked ? "-" : needed.size() > 1 ? found + " of " + needed.size()
                : first.found.map(split -> split.name() + " in " + split.files().get(0)).orElse("no");
        out.printf(Locale.ROOT, "%-33s %5d  %-45s %-28s %s in %s%n", group.name(), needed.size(), String.join(",", metrics(first.task)), where,
                String.join(" or ", first.data.splits()), String.join(" or ", first.data.places()));
        List<String> missing = needed.stream().filter(task -> task.found.isEmpty()).map(task -> task.task.task()).toList();
        if (looked && found > 0 && !missing.isEmpty()) {
            out.printf(Locale.ROOT, "%-33s missing: %s%s%n", "", String.join(", ", missing.subList(0, Math.min(SHOWN, missing.size()))),
                    missing.size() > SHOWN ? " and " + (missing.size() - SHOWN) + " more" : "");
        }
    }

    private static List<String> metrics(TaskSpec task) {
        return task.metrics().stream().map(MetricName::key).toList();
    }

    private static ObjectNode json(TaskGroup group, List<Needed> needed, boolean looked) {
        ObjectNode node = new ObjectMapper().createObjectNode().put("name", group.name()).put("group", group.isAverage());
        metrics(needed.get(0).task).forEach(node.putArray("metrics")::add);
        ArrayNode members = node.putArray("members");
        for (Needed each : needed) {
            ObjectNode member = members.addObject().put("task", each.task.task()).put("version", each.task.version());
            each.data.splits().forEach(member.putArray("splits")::add);
            each.data.places().forEach(member.putArray("looked_for")::add);
            if (looked) {
                member.put("found", each.found.isPresent());
                each.found.ifPresent(split -> {
                    member.put("split", split.name());
                    split.files().forEach(file -> member.withArray("files").add(file.toString()));
                });
            }
        }
        return node;
    }
}
