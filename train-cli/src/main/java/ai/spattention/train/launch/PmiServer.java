package ai.spattention.train.launch;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What MPICH asks the one who started its processes: who they are, and where the others' addresses are. It is version 1 of the process
 * management interface, lines of {@code key=value} over a socket, as Flux's RFC 13 describes it; only what a fixed number of processes on one
 * machine asks for. MPICH and those derived from it speak it; Open MPI does not.
 */
final class PmiServer implements Closeable {

    private static final Pattern FIELD = Pattern.compile("(\\w+)=(\\S*)");
    private static final String KVS = "spattention";

    private final int size;
    private final ServerSocket server;
    private final CyclicBarrier barrier;
    private final Map<String, String> values = new ConcurrentHashMap<>();
    private final List<Socket> connections = new CopyOnWriteArrayList<>();

    /**
     * Begins to serve.
     *
     * @param size how many processes there are, all on this machine
     * @throws IOException if there is no free port
     */
    PmiServer(int size) throws IOException {
        this.size = size;
        barrier = new CyclicBarrier(size);
        server = new ServerSocket(0, size, InetAddress.getLoopbackAddress());
        values.put("PMI_process_mapping", "(vector,(0,1," + size + "))"); // they share memory
        start(this::accept);
    }

    /**
     * The variables of a process.
     *
     * @param rank the process, from 0
     * @return what it needs in its environment
     */
    Map<String, String> variables(int rank) {
        return Map.of("PMI_PORT", server.getInetAddress().getHostAddress() + ":" + server.getLocalPort(), "PMI_ID", Integer.toString(rank),
                "PMI_RANK", Integer.toString(rank), "PMI_SIZE", Integer.toString(size),
                "UCX_ERROR_SIGNALS", ""); // UCX takes Java's SIGSEGV for a crash
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "PMI");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket connection = server.accept();
                connections.add(connection);
                start(() -> serve(connection));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket connection) {
        try (connection;
                BufferedReader in = new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8));
                PrintWriter out = new PrintWriter(connection.getOutputStream(), false, StandardCharsets.UTF_8)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.print(answer(line) + "\n");
                out.flush();
            }
        } catch (IOException e) {
            // the process is gone: who watches it tells
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String answer(String line) throws IOException, InterruptedException {
        String command = field(line, "cmd");
        return switch (command) {
            case "initack" -> "cmd=initack rc=0\ncmd=set size=" + size + "\ncmd=set rank=" + field(line, "pmiid") + "\ncmd=set debug=0";
            case "init" -> "cmd=response_to_init rc=0 pmi_version=1 pmi_subversion=1";
            case "get_maxes" -> "cmd=maxes rc=0 kvsname_max=256 keylen_max=64 vallen_max=1024";
            case "get_appnum" -> "cmd=appnum rc=0 appnum=0";
            case "get_my_kvsname" -> "cmd=my_kvsname rc=0 kvsname=" + KVS;
            case "get_universe_size" -> "cmd=universe_size rc=0 size=" + size;
            case "put" -> {
                values.put(field(line, "key"), field(line, "value"));
                yield "cmd=put_result rc=0 msg=success";
            }
            case "get" -> {
                String value = values.get(field(line, "key"));
                yield value == null ? "cmd=get_result rc=-1 msg=no_such_key value=unknown" : "cmd=get_result rc=0 msg=success value=" + value;
            }
            case "barrier_in" -> {
                await();
                yield "cmd=barrier_out rc=0";
            }
            case "finalize" -> "cmd=finalize_ack rc=0";
            default -> throw new IOException("'" + command + "' is for others than a fixed number of processes");
        };
    }

    private void await() throws IOException, InterruptedException {
        try {
            barrier.await();
        } catch (BrokenBarrierException e) {
            throw new IOException("the processes end", e);
        }
    }

    private static String field(String line, String name) {
        Matcher fields = FIELD.matcher(line);
        while (fields.find()) {
            if (fields.group(1).equals(name)) {
                return fields.group(2);
            }
        }
        return "";
    }

    @Override
    public void close() throws IOException {
        server.close();
        barrier.reset();
        for (Socket connection : connections) {
            connection.close();
        }
    }
}
