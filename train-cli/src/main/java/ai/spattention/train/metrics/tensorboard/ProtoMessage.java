package ai.spattention.train.metrics.tensorboard;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A message in the wire format of protocol buffers: fields one after the other, each with its number and kind. */
final class ProtoMessage {

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Adds an int32, an int64 or an enum's constant. */
    ProtoMessage varint(int field, long value) {
        key(field, VARINT);
        writeVarint(value);
        return this;
    }

    ProtoMessage float32(int field, float value) {
        key(field, FIXED32);
        out.writeBytes(littleEndian(Float.BYTES).putFloat(value).array());
        return this;
    }

    ProtoMessage float64(int field, double value) {
        key(field, FIXED64);
        out.writeBytes(littleEndian(Double.BYTES).putDouble(value).array());
        return this;
    }

    /** Adds a repeated double in its packed form. */
    ProtoMessage float64s(int field, double... values) {
        byte[] packed = new byte[Double.BYTES * values.length];
        ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().put(values);
        return bytes(field, packed);
    }

    ProtoMessage text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoMessage message(int field, ProtoMessage value) {
        return bytes(field, value.toBytes());
    }

    private ProtoMessage bytes(int field, byte[] value) {
        key(field, BYTES);
        writeVarint(value.length);
        out.writeBytes(value);
        return this;
    }

    private void key(int field, int kind) {
        writeVarint((long) field << 3 | kind);
    }

    /** Seven bits a byte, the lowest first; the top bit says that more follow. */
    private void writeVarint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}
