package ai.spattention.train.metrics.tensorboard;

import ai.spattention.olmoe.io.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Writes an event file. Each event is handed to the operating system whole before a method returns, framed as TensorFlow's
 * record files are: length (uint64), its checksum (uint32), the event, its checksum, all little-endian. Not safe for use by
 * several threads.
 */
public final class EventWriter implements AutoCloseable {

    private static final String VERSION = "brain.Event:2";
    private static final Pattern NAME = Pattern.compile("events\\.out\\.tfevents\\.([0-9]{10,18})\\..*");
    private static final int SESSION_START = 1;

    private final Path file;
    private final FileChannel channel;
    private final Clock clock;

    private EventWriter(Path file, FileChannel channel, Clock clock) {
        this.file = file;
        this.channel = channel;
        this.clock = clock;
    }

    /**
     * Starts a file, {@code events.out.tfevents.SECONDS.spattention}, whose name comes after those that are there: TensorBoard
     * reads a folder's files as one history in the order of their names.
     *
     * @param folder the folder; created if need be
     * @param firstStep the first step to come; TensorBoard forgets what earlier files hold of this step and later ones
     * @param clock tells the time of the events
     * @return the writer
     * @throws ai.spattention.common.InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public static EventWriter start(Path folder, long firstStep, Clock clock) throws IOException {
        Path file = folder;
        try {
            Files.createDirectories(folder);
            long seconds = Math.max(clock.instant().getEpochSecond(), newest(folder) + 1);
            file = folder.resolve(String.format(Locale.ROOT, "events.out.tfevents.%010d.spattention", seconds));
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            EventWriter writer = new EventWriter(file, channel, clock);
            try {
                writer.write(writer.event().text(3, VERSION));
                writer.write(writer.event().varint(2, firstStep).message(7, new ProtoMessage().varint(1, SESSION_START)));
                return writer;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw AtomicFile.explain(file, e);
        }
    }

    /** The seconds in the name of the folder's newest file, or -1. */
    private static long newest(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> NAME.matcher(path.getFileName().toString())).filter(Matcher::matches)
                    .mapToLong(name -> Long.parseLong(name.group(1))).max().orElse(-1);
        }
    }

    /**
     * The file.
     *
     * @return its path
     */
    public Path file() {
        return file;
    }

    /**
     * Writes values.
     *
     * @param step the step that they belong to
     * @param summary the values
     * @throws ai.spattention.common.InvalidInputException if the disk is full; the file then ends with the event before
     * @throws IOException if writing fails otherwise
     */
    public void write(long step, Summary summary) throws IOException {
        write(event().varint(2, step).message(5, summary.message()));
    }

    private ProtoMessage event() {
        return new ProtoMessage().float64(1, clock.millis() / 1e3);
    }

    private void write(ProtoMessage event) throws IOException {
        byte[] content = event.toBytes();
        byte[] length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(content.length).array();
        ByteBuffer framed = ByteBuffer.allocate(length.length + content.length + 2 * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(length).putInt(checksum(length)).put(content).putInt(checksum(content)).flip();
        long start = channel.position();
        try {
            while (framed.hasRemaining()) {
                channel.write(framed);
            }
        } catch (IOException e) {
            channel.truncate(start);
            throw AtomicFile.explain(file, e);
        }
    }

    /** CRC-32C, masked: TensorFlow's records may hold checksums, and a checksum of checksums would be weak. */
    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
