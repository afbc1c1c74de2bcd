package ai.spattention.eval;

import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.olmoe.io.WellFormedText;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;

/** Every request with its score, one JSON object a line. A line goes out in one piece, so that none is ever cut. */
public final class SampleFile implements TaskRun.SampleSink, Closeable {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final Writer out;

    /**
     * Begins a file.
     *
     * @param file the file; what it held is lost
     * @throws IOException if it cannot be written
     */
    public SampleFile(Path file) throws IOException {
        this.file = file;
        out = OutputFile.newWriter(file);
    }

    @Override
    public void add(Sample sample) throws IOException {
        ObjectNode line = JSON.createObjectNode();
        line.put("task", sample.task()).put("doc_id", sample.docId()).put("idx", sample.index());
        line.put("context", sample.context()).put("continuation", sample.continuation());
        line.put("loglikelihood", sample.score().logLikelihood()).put("is_greedy", sample.score().greedy());
        line.put("gold", sample.gold());
        try {
            out.write(WellFormedText.of(line.toString()) + "\n");
            out.flush();
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            out.close();
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }
}
