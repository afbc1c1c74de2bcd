package ai.spattention.train.distributed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The words of a rendezvous: the server greets, the client shows its passport, the server answers with the verdict. Each is one line, the last
 * two are JSON. That the server speaks first lets a client know that it has found another service.
 */
final class RendezvousWire {

    static final String GREETING = "spattention rendezvous 1";

    private static final int LONGEST_LINE = 1 << 16;
    private static final ObjectMapper JSON = new ObjectMapper();

    private RendezvousWire() {}

    static void send(Socket socket, String line) throws IOException {
        socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    static void send(Socket socket, Record message) throws IOException {
        send(socket, JSON.writeValueAsString(message));
    }

    /** Reads a line, byte by byte: it is short, and nothing after it may be taken. */
    static String line(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        byte[] line = new byte[256];
        for (int length = 0; ; length++) {
            int next = in.read();
            if (next == '\n') {
                return new String(line, 0, length, StandardCharsets.UTF_8);
            } else if (next < 0) {
                throw new EOFException("the other side closed the connection");
            } else if (length == LONGEST_LINE) {
                throw new IOException("the other side sent something else");
            }
            if (length == line.length) {
                line = Arrays.copyOf(line, 2 * length);
            }
            line[length] = (byte) next;
        }
    }

    static <T extends Record> T message(Socket socket, Class<T> type) throws IOException {
        T message;
        try {
            message = JSON.readValue(line(socket), type);
        } catch (JsonProcessingException e) {
            throw new IOException("the other side sent something else", e);
        }
        if (message == null) {
            throw new IOException("the other side sent nothing");
        }
        return message;
    }
}
