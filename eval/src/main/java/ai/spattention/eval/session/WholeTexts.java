package ai.spattention.eval.session;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.TaskRun;
import ai.spattention.eval.data.RowFile;
import ai.spattention.olmoe.io.FileFormat;
import ai.spattention.olmoe.io.TextFile;
import ai.spattention.olmoe.io.TextLines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads texts that are scored whole. */
public final class WholeTexts {

    private static final String WHAT = "the text file";

    private WholeTexts() {}

    /**
     * Reads a plain text whole, or the text of each row.
     *
     * @param file plain text, or a file of rows with a field {@code text}
     * @return the texts, at least one
     * @throws InvalidInputException if there is no such file, it is damaged, or a row has no text
     * @throws IOException if reading fails otherwise
     */
    public static List<TaskRun.WholeText> read(Path file) throws IOException {
        List<TaskRun.WholeText> texts = new ArrayList<>();
        if (FileFormat.of(file).content() == FileFormat.Content.TEXT) {
            String text = TextFile.read(file, WHAT, TextLines.LONGEST);
            texts.add(new TaskRun.WholeText(file.toString(), text, text));
        } else {
            RowFile.read(file, WHAT, row -> {
                if (!(row.fields().get("text") instanceof String text)) {
                    throw new InvalidInputException(row.where() + " has no text in its field 'text'");
                }
                texts.add(new TaskRun.WholeText(row.where(), text, text));
            });
        }
        if (texts.isEmpty()) {
            throw new InvalidInputException(file + " has no rows");
        }
        return texts;
    }
}
