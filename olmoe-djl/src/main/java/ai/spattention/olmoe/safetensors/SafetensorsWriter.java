package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.olmoe.io.Sha256;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Collects tensors and writes them as one safetensors file, each taken up only when its turn has come. */
public final class SafetensorsWriter {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private record Entry(TensorType type, Shape shape, Supplier<NDArray> content) {

        long bytes() {
            return Math.multiplyExact(shape.size(), (long) type.bytes());
        }

        /** The type of an array that holds the tensor exactly. */
        DataType inMemory() {
            return type.inMemory().orElseThrow(() -> new InvalidInputException("no array holds a tensor of type " + type));
        }
    }

    /**
     * Adds a free text.
     *
     * @param key its key
     * @param text the text
     * @return this writer
     */
    public SafetensorsWriter metadata(String key, String text) {
        metadata.put(key, text);
        return this;
    }

    /**
     * Adds a tensor in its own type.
     *
     * @param name its name
     * @param array its content; stays the caller's
     * @return this writer
     */
    public SafetensorsWriter add(String name, NDArray array) {
        return add(name, typeOf(array.getDataType()), array.getShape(), array::duplicate);
    }

    /**
     * Adds a tensor whose content is made when it is written.
     *
     * @param name its name
     * @param type its type in the file; F16 and BF16 take float32 arrays and round to nearest, ties to even
     * @param shape its shape
     * @param content gives the array, which the writer closes
     * @return this writer
     */
    public SafetensorsWriter add(String name, TensorType type, Shape shape, Supplier<NDArray> content) {
        if (name.equals("__metadata__") || entries.put(name, new Entry(type, shape, content)) != null) {
            throw new IllegalArgumentException("a file cannot hold two tensors named " + name);
        }
        return this;
    }

    /**
     * The type in which an array's values stand in a file.
     *
     * @param type the array's type
     * @return the file's type
     */
    public static TensorType typeOf(DataType type) {
        return switch (type) {
            case FLOAT32 -> TensorType.F32;
            case FLOAT64 -> TensorType.F64;
            case FLOAT16 -> TensorType.F16;
            case INT64 -> TensorType.I64;
            case INT32 -> TensorType.I32;
            case INT8 -> TensorType.I8;
            case UINT8 -> TensorType.U8;
            case BOOLEAN -> TensorType.BOOL;
            default -> throw new InvalidInputException("arrays of type " + type + " cannot be written to safetensors");
        };
    }

    /**
     * Takes the memory into which {@link #taken} copies this file's tensors, and touches all of it; nothing of their content is read.
     *
     * @param copies the memory; stays the caller's
     */
    public void reserve(TensorCopies copies) {
        entries.forEach((name, entry) -> copies.reserve(name, entry.shape, entry.inMemory()));
    }

    /**
     * The same file with its content taken now, so that what is written later is what arrays hold at this moment.
     *
     * @param copies the memory into which it is copied; stays the caller's
     * @return a writer of the copies, which holds until the next file is taken into them or they are closed
     */
    public SafetensorsWriter taken(TensorCopies copies) {
        SafetensorsWriter taken = new SafetensorsWriter();
        taken.metadata.putAll(metadata);
        entries.forEach((name, entry) -> {
            try (NDArray array = content(name, entry)) {
                NDArray copy = copies.copy(name, array, entry.inMemory());
                taken.add(name, entry.type, entry.shape, copy::stopGradient); // a view of the copy, for the writer closes what it gets
            }
        });
        return taken;
    }

    /**
     * Writes the file, whole or not at all, or straight into a device or a pipe.
     *
     * @param file the file
     * @throws InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public void write(Path file) throws IOException {
        OutputFile.write(file, channel -> writeTo(bytes -> writeFully(channel, bytes)));
    }

    /**
     * Writes the file as {@link #write} does.
     *
     * @param file the file
     * @return the SHA-256 of the bytes that the file is to hold, as they were in memory
     * @throws InvalidInputException if the disk is full or the folder cannot be written
     * @throws IOException if writing fails otherwise
     */
    public String writeDigested(Path file) throws IOException {
        MessageDigest digest = Sha256.digest();
        OutputFile.write(file, channel -> writeTo(bytes -> {
            digest.update(bytes.duplicate());
            writeFully(channel, bytes);
        }));
        return Sha256.hex(digest);
    }

    /** Takes a file's bytes piece by piece. */
    @FunctionalInterface
    private interface Sink {

        void write(ByteBuffer bytes) throws IOException;
    }

    private void writeTo(Sink sink) throws IOException {
        sink.write(header());
        try (PieceBuffer buffer = new PieceBuffer()) {
            for (Map.Entry<String, Entry> entry : entries.entrySet()) {
                writeTensor(sink, buffer, entry.getKey(), entry.getValue());
            }
        }
    }

    private ByteBuffer header() {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode texts = root.putObject("__metadata__");
            metadata.forEach(texts::put);
        }
        long offset = 0;
        for (Map.Entry<String, Entry> entry : entries.entrySet()) {
            ObjectNode tensor = root.putObject(entry.getKey());
            tensor.put("dtype", entry.getValue().type.name());
            for (long dim : entry.getValue().shape.getShape()) {
                tensor.withArray("shape").add(dim);
            }
            tensor.withArray("shape");
            long end = offset + entry.getValue().bytes();
            tensor.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] text = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (text.length + 7) / 8 * 8; // tensors begin at multiples of 8
        ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(text);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private static void writeTensor(Sink sink, PieceBuffer buffer, String name, Entry entry) throws IOException {
        long elements = entry.shape.size();
        try (NDArray array = content(name, entry); NDArray flat = array.reshape(elements)) {
            for (long from = 0; from < elements; from += TensorPieces.ELEMENTS) {
                int count = (int) Math.min(TensorPieces.ELEMENTS, elements - from);
                try (NDArray part = flat.get(TensorPieces.range(from, count))) {
                    sink.write(encode(buffer.bytes(part, entry.inMemory()), entry.type));
                }
            }
        }
    }

    /** A tensor's content, which must be what was announced. */
    private static NDArray content(String name, Entry entry) {
        NDArray array = entry.content.get();
        if (!array.getShape().equals(entry.shape)) {
            array.close();
            throw new IllegalStateException("tensor " + name + " was announced as " + entry.shape + " and came as " + array.getShape());
        }
        DataType type = array.getDataType();
        if (type != entry.inMemory() && typeOf(type) != entry.type) {
            array.close();
            throw new InvalidInputException("an array of type " + type + " cannot be written as " + entry.type);
        }
        return array;
    }

    /** Halves are made in place: each lies before all numbers that are still to be read. */
    private static ByteBuffer encode(ByteBuffer values, TensorType type) {
        if (type != TensorType.BF16 && type != TensorType.F16) {
            return values;
        }
        int count = values.remaining() / Float.BYTES;
        for (int i = 0; i < count; i++) {
            float value = values.getFloat(i * Float.BYTES);
            values.putShort(i * Short.BYTES, type == TensorType.BF16 ? FloatFormats.toBfloat16(value) : FloatFormats.toFloat16(value));
        }
        return values.limit(count * Short.BYTES);
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
