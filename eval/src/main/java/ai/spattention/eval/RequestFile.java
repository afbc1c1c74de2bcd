package ai.spattention.eval;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Row;
import ai.spattention.eval.data.RowFile;
import ai.spattention.eval.score.LogLikelihoodRequest;
import ai.spattention.eval.score.Score;
import ai.spattention.olmoe.io.OutputFile;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Ready requests in the format of OLMo's evaluation, one JSON object a line, and their answers in the same order. */
public final class RequestFile {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Row> rows;
    private final List<LogLikelihoodRequest> requests = new ArrayList<>();

    private RequestFile(List<Row> rows) {
        this.rows = rows;
    }

    /**
     * Reads a file.
     *
     * @param file JSON lines or another file of rows
     * @return the requests
     * @throws InvalidInputException if the file is cut or empty, or a line lacks a field
     * @throws IOException if reading fails otherwise
     */
    public static RequestFile read(Path file) throws IOException {
        RequestFile requests = new RequestFile(new ArrayList<>());
        RowFile.read(file, "the request file", row -> {
            requests.rows.add(row);
            requests.requests.add(new LogLikelihoodRequest(row.where() + " (doc_id " + number(row, "doc_id") + ", idx "
                    + number(row, "idx") + ")", number(row, "doc_id"), text(row, "context"), text(row, "continuation")));
        });
        if (requests.rows.isEmpty()) {
            throw new InvalidInputException(file + " has no requests");
        }
        return requests;
    }

    private static String text(Row row, String name) {
        if (row.fields().get("request") instanceof Map<?, ?> request && request.get(name) instanceof String text) {
            return text;
        }
        throw new InvalidInputException(row.where() + " has no text 'request." + name + "'");
    }

    private static long number(Row row, String name) {
        Object value = row.fields().get(name);
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        throw new InvalidInputException(row.where() + " has no whole number '" + name + "'"
                + (value == null ? "" : " (got " + value + ")"));
    }

    /**
     * The requests.
     *
     * @return the requests, in the file's order
     */
    public List<LogLikelihoodRequest> requests() {
        return List.copyOf(requests);
    }

    /**
     * Writes answers, one JSON object a line: doc_id, idx, loglikelihood, is_greedy.
     *
     * @param file the file, which appears whole or not at all
     * @param scores the scores of the first requests, usually all
     * @throws IOException if writing fails
     */
    public void write(Path file, List<Score> scores) throws IOException {
        OutputFile.write(file, answers(scores));
    }

    /**
     * The text that {@link #write} writes.
     *
     * @param scores the scores of the first requests, usually all
     * @return a line for each
     */
    public String answers(List<Score> scores) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < scores.size(); i++) {
            ObjectNode line = JSON.createObjectNode();
            line.put("doc_id", number(rows.get(i), "doc_id")).put("idx", number(rows.get(i), "idx"));
            line.put("loglikelihood", scores.get(i).logLikelihood()).put("is_greedy", scores.get(i).greedy());
            lines.append(line).append('\n');
        }
        return lines.toString();
    }
}
