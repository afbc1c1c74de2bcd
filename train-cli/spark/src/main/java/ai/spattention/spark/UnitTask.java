package ai.spattention.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;

/**
 * Prepares a unit in a process of its own, from copies of its files, and puts it where the output goes.
 *
 * @param spattn how it is started
 * @param options what follows {@code spattn units prepare}, the same for all units
 * @param tokenizer the tokenizer: {@code bytes}, or a file or folder
 * @param store where units go
 * @param bytesDone counts the bytes of the files that were prepared
 * @param refusals gets the line of a unit whose input has to be changed
 */
record UnitTask(SpattnCommand spattn, List<String> options, String tokenizer, UnitStore store, LongAccumulator bytesDone,
        CollectionAccumulator<String> refusals) implements VoidFunction<UnitTask.Unit> {

    /**
     * A unit.
     *
     * @param number its number, from 0 on
     * @param inputs the digest of what it is made from
     * @param files what it reads, ordered by their names, those of held-out sets first
     */
    record Unit(int number, String inputs, List<UnitFile> files) implements Serializable {

        long bytes() {
            return files.stream().mapToLong(UnitFile::bytes).sum();
        }
    }

    @Override
    public void call(Unit unit) throws IOException {
        TaskContext task = TaskContext.get();
        String name = UnitStore.name(unit.number());
        try (Scratch scratch = Scratch.create()) {
            Path output = scratch.path().resolve("out");
            List<String> arguments = new ArrayList<>(List.of("units", "prepare"));
            arguments.addAll(options);
            arguments.addAll(List.of("--tokenizer", stagedTokenizer(scratch), "--files", staged(unit, scratch).toString(),
                    "--output", output.toString()));
            try (ChildProcess child = ChildProcess.start(name, spattn.with(arguments), Map.of())) {
                ChildProcess.Ending ending = child.await(task::isInterrupted);
                if (ending.exitCode() == ChildFailedException.BAD_INPUT) { // Spark would try it again
                    refusals.add(ending.lastLine().replaceFirst("^spattn: ", ""));
                    return;
                }
                if (ending.exitCode() != 0) {
                    throw ChildFailedException.of(name, ending);
                }
            }
            store.put(unit.number(), task.taskAttemptId(), unit.inputs(), output);
            bytesDone.add(unit.bytes());
        }
    }

    private String stagedTokenizer(Scratch scratch) throws IOException {
        if (tokenizer.equals(SparkPrepare.BYTES) || UnitFile.isLocal(tokenizer)) {
            return tokenizer;
        }
        Path copy = Files.createDirectory(scratch.path().resolve("tokenizer")).resolve(baseName(tokenizer));
        store.storage().download(tokenizer, copy);
        return copy.toString();
    }

    /** Copies what does not lie on every machine; a list for the child. */
    private Path staged(Unit unit, Scratch scratch) throws IOException {
        List<String> lines = new ArrayList<>();
        for (UnitFile file : unit.files()) {
            String place = file.name();
            if (!UnitFile.isLocal(place)) {
                Path folder = Files.createDirectories(scratch.path().resolve("in").resolve(Integer.toString(lines.size())));
                Path copy = folder.resolve(baseName(place)); // its end tells its format
                store.storage().download(place, copy);
                place = copy.toString();
            }
            lines.add(file.set() + "\t" + file.name() + "\t" + place);
        }
        return Files.write(scratch.path().resolve("files.tsv"), lines);
    }

    private static String baseName(String address) {
        return address.substring(address.lastIndexOf('/') + 1);
    }
}
