package ai.spattention.train.launch;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** A connection to another machine's launcher. */
final class NodePeer implements Closeable {

    private final Socket socket;
    private final BufferedReader in;
    private final PrintWriter out;

    NodePeer(Socket socket) throws IOException {
        this.socket = socket;
        socket.setKeepAlive(true); // a machine without power says nothing
        in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        out = new PrintWriter(socket.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    void say(NodeMessage message) {
        out.println(message.line()); // who is gone is noticed by reading
    }

    NodeMessage hear() throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new EOFException("the other launcher is gone");
        }
        return NodeMessage.read(line);
    }

    /** Hears until the other one is gone. */
    void listen(Consumer<NodeMessage> then, Runnable gone) {
        Thread thread = new Thread(() -> {
            try {
                while (true) {
                    then.accept(hear());
                }
            } catch (IOException e) {
                gone.run();
            }
        }, "launcher's peer");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
