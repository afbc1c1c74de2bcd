package ai.spattention.train.study.result;

import ai.spattention.olmoe.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The runs of a study as a table for spreadsheets and other programs: a line a run, comma-separated as RFC 4180 has it. */
public final class RunTable {

    /** The file's name in the study's folder. */
    public static final String FILE_NAME = "runs.csv";

    private RunTable() {}

    /**
     * Writes the table.
     *
     * @param file the file
     * @param study the study
     * @throws ai.spattention.common.InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public static void write(Path file, StudyResult study) throws IOException {
        AtomicFile.write(file, render(study));
    }

    static String render(StudyResult study) {
        List<String> columns = new ArrayList<>(List.of("part", "arm", "seed", "steps", "tokens", "total_params", "active_params",
                "tokens_per_second", "device"));
        study.sets().forEach(set -> columns.addAll(List.of(set + "_nats_per_token", set + "_bits_per_byte", set + "_tokens")));
        List<List<String>> lines = new ArrayList<>(List.of(columns));
        study.runs().forEach(run -> lines.add(line(study, run)));
        return lines.stream().map(line -> line.stream().map(RunTable::quoted).collect(Collectors.joining(",", "", "\r\n")))
                .collect(Collectors.joining());
    }

    private static List<String> line(StudyResult study, RunResult run) {
        List<String> line = new ArrayList<>(List.of(run.part(), run.arm(), Long.toString(run.seed()), Long.toString(run.steps()),
                Long.toString(run.tokens()), Long.toString(run.totalParams()), Long.toString(run.activeParams()),
                Double.toString(run.tokensPerSecond()), run.device()));
        for (String set : study.sets()) {
            HeldOutLoss loss = run.heldOut().get(set);
            line.addAll(loss == null ? List.of("", "", "") : List.of(Double.toString(loss.natsPerToken()),
                    Double.toString(loss.bitsPerByte()), Long.toString(loss.nats().n())));
        }
        return line;
    }

    private static String quoted(String cell) {
        return cell.matches("[^\",\r\n]*") ? cell : "\"" + cell.replace("\"", "\"\"") + "\"";
    }
}
