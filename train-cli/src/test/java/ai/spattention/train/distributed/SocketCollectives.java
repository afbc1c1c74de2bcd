package ai.spattention.train.distributed;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** Ranks that are processes of one machine, for what knows no arrays: rank 0 adds up. One that has gone is noticed by its closed connection. */
public final class SocketCollectives extends ForwardingCollectives {

    private final int rank;
    private final int size;
    private final List<Socket> peers = new ArrayList<>();

    private SocketCollectives(int rank, int size) {
        super(new SingleProcess());
        this.rank = rank;
        this.size = size;
    }

    /** Rank 0: says on which port it waits for the others, and waits. */
    public static SocketCollectives first(int size, IntConsumer port) throws IOException {
        SocketCollectives first = new SocketCollectives(0, size);
        try (ServerSocket server = new ServerSocket(0, size, InetAddress.getLoopbackAddress())) {
            port.accept(server.getLocalPort());
            for (int other = 1; other < size; other++) {
                first.peers.add(server.accept());
            }
        }
        return first;
    }

    /** Any other rank. */
    public static SocketCollectives other(int rank, int size, int port) throws IOException {
        SocketCollectives other = new SocketCollectives(rank, size);
        other.peers.add(new Socket(InetAddress.getLoopbackAddress(), port));
        return other;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public double[] sum(double... values) {
        double[] sums = values.clone();
        try {
            if (rank != 0) {
                write(peers.get(0), values);
                return read(peers.get(0), values.length);
            }
            for (Socket peer : peers) {
                double[] own = read(peer, values.length);
                for (int i = 0; i < own.length; i++) {
                    sums[i] += own[i];
                }
            }
            for (Socket peer : peers) {
                write(peer, sums);
            }
            return sums;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double[] read(Socket peer, int count) throws IOException {
        DataInputStream in = new DataInputStream(peer.getInputStream());
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = in.readDouble();
        }
        return values;
    }

    private static void write(Socket peer, double[] values) throws IOException {
        DataOutputStream out = new DataOutputStream(peer.getOutputStream());
        for (double value : values) {
            out.writeDouble(value);
        }
    }

    @Override
    public void barrier() {
        sum();
    }
}
