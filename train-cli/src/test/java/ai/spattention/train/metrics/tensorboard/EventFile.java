package ai.spattention.train.metrics.tensorboard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads event files by the formats' descriptions, with none of the code that writes them. */
final class EventFile {

    private EventFile() {}

    /** A message: for each field number its values, varints as Long, the others as bytes. */
    record Message(Map<Integer, List<Object>> fields) {

        boolean has(int field) {
            return fields.containsKey(field);
        }

        long varint(int field) {
            return (Long) only(field);
        }

        float float32(int field) {
            return buffer((byte[]) only(field), 4).getFloat();
        }

        double float64(int field) {
            return buffer((byte[]) only(field), 8).getDouble();
        }

        List<Double> float64s(int field) {
            ByteBuffer packed = ByteBuffer.wrap((byte[]) only(field)).order(ByteOrder.LITTLE_ENDIAN);
            List<Double> values = new ArrayList<>();
            while (packed.hasRemaining()) {
                values.add(packed.getDouble());
            }
            return values;
        }

        String text(int field) {
            return new String((byte[]) only(field), StandardCharsets.UTF_8);
        }

        Message message(int field) {
            return parse((byte[]) only(field));
        }

        List<Message> messages(int field) {
            return fields.getOrDefault(field, List.of()).stream().map(value -> parse((byte[]) value)).toList();
        }

        private Object only(int field) {
            assertEquals(1, fields.getOrDefault(field, List.of()).size(), "values of field " + field + " in " + fields.keySet());
            return fields.get(field).get(0);
        }

        private static ByteBuffer buffer(byte[] bytes, int size) {
            assertEquals(size, bytes.length);
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** The files of a folder in the order in which TensorBoard reads them. */
    static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** The events of a file; every length and checksum must be right, up to the last byte. */
    static List<Message> read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Message> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] length = new byte[8];
            bytes.get(length);
            assertEquals(masked(length), bytes.getInt(), "the length's checksum");
            byte[] content = new byte[Math.toIntExact(ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong())];
            bytes.get(content);
            assertEquals(masked(content), bytes.getInt(), "the content's checksum");
            events.add(parse(content));
        }
        return events;
    }

    private static Message parse(byte[] content) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        Map<Integer, List<Object>> fields = new TreeMap<>();
        while (bytes.hasRemaining()) {
            long key = varint(bytes);
            Object value = switch ((int) (key & 7)) {
                case 0 -> varint(bytes);
                case 1 -> take(bytes, 8);
                case 2 -> take(bytes, Math.toIntExact(varint(bytes)));
                case 5 -> take(bytes, 4);
                default -> throw new AssertionError("wire type " + (key & 7));
            };
            fields.computeIfAbsent((int) (key >> 3), number -> new ArrayList<>()).add(value);
        }
        return new Message(fields);
    }

    private static long varint(ByteBuffer bytes) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = bytes.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    private static byte[] take(ByteBuffer bytes, int count) {
        byte[] taken = new byte[count];
        bytes.get(taken);
        return taken;
    }

    private static int masked(byte[] bytes) {
        int crc = crc32c(bytes);
        return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
    }

    /** CRC-32C bit by bit (RFC 3720). */
    static int crc32c(byte[] bytes) {
        int crc = ~0;
        for (byte next : bytes) {
            crc ^= next & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
            }
        }
        return ~crc;
    }
}
