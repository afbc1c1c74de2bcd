package ai.spattention.olmoe.safetensors;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
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
import java.nio.FloatBuffer;
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
     * The same file with its content taken now, so that what is written later is what arrays hold at this moment.
     *
     * @param host a manager of the processor's memory, which owns the copies until each is written
     * @return a writer that can write once
     */
    public SafetensorsWriter taken(NDManager host) {
        SafetensorsWriter taken = new SafetensorsWriter();
        taken.metadata.putAll(metadata);
        entries.forEach((name, entry) -> {
            try (NDArray array = entry.content.get()) {
                NDArray copy = array.getDevice().isGpu() ? array.toDevice(Device.cpu(), true) : array.duplicate();
                copy.attach(host);
                taken.add(name, entry.type, entry.shape, () -> copy);
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
        for (Map.Entry<String, Entry> entry : entries.entrySet()) {
            writeTensor(sink, entry.getKey(), entry.getValue());
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

    private static void writeTensor(Sink sink, String name, Entry entry) throws IOException {
        try (NDArray array = entry.content.get()) {
            if (!array.getShape().equals(entry.shape)) {
                throw new IllegalStateException("tensor " + name + " was announced as " + entry.shape + " and came as "
                        + array.getShape());
            }
            long elements = entry.shape.size();
            if (elements == 0) {
                return;
            }
            try (NDArray flat = array.reshape(elements)) {
                for (long from = 0; from < elements; from += TensorPieces.ELEMENTS) {
                    int count = (int) Math.min(TensorPieces.ELEMENTS, elements - from);
                    if (count == elements) {
                        sink.write(encode(flat, entry.type));
                    } else {
                        try (NDArray part = flat.get(TensorPieces.range(from, count))) {
                            sink.write(encode(part, entry.type));
                        }
                    }
                }
            }
        }
    }

    private static ByteBuffer encode(NDArray values, TensorType type) {
        boolean halves = type == TensorType.BF16 || type == TensorType.F16 && values.getDataType() == DataType.FLOAT32;
        if (!halves) {
            if (typeOf(values.getDataType()) != type) {
                throw new InvalidInputException("an array of type " + values.getDataType() + " cannot be written as " + type);
            }
            return values.toByteBuffer();
        }
        FloatBuffer floats = values.toByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
        ByteBuffer encoded = ByteBuffer.allocateDirect(floats.remaining() * 2).order(ByteOrder.LITTLE_ENDIAN);
        while (floats.hasRemaining()) {
            float value = floats.get();
            encoded.putShort(type == TensorType.BF16 ? FloatFormats.toBfloat16(value) : FloatFormats.toFloat16(value));
        }
        return encoded.flip();
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
