package ai.spattention.train.distributed;

import ai.spattention.olmoe.io.AtomicFile;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;

/** What a process leaves that has waited in vain: read beside those of the other ranks, it says who was where. */
final class HangReport {

    private HangReport() {}

    /** The file of a rank. */
    static Path file(Path folder, int rank) {
        return folder.resolve("hang-rank" + rank + ".json");
    }

    /** Writes {@code hang-rankN.json}, whole or not at all. */
    static void write(Path folder, WorkerIdentity identity, String reason, CollectiveLog.Entry stuck, CollectiveLog log) throws IOException {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("rank", identity.rank()).put("size", identity.size()).put("host", Passport.hostName())
                .put("pid", ProcessHandle.current().pid()).put("time", Instant.now().toString()).put("reason", reason);
        root.putObject("waiting_in").put("number", stuck.number).put("name", stuck.name).put("elements", stuck.elements)
                .put("start", stuck.start.toString());
        for (CollectiveLog.Entry entry : log.last()) {
            root.withArray("collectives").addObject().put("number", entry.number).put("name", entry.name).put("elements", entry.elements)
                    .put("start", entry.start.toString()).put("end", entry.end().map(Instant::toString).orElse(null));
        }
        root.put("thread", stuck.caller.getName());
        for (StackTraceElement frame : stuck.caller.getStackTrace()) {
            root.withArray("stack").add(frame.toString());
        }
        AtomicFile.write(file(folder, identity.rank()), root.toPrettyString() + "\n");
    }
}
