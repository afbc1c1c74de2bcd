package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.RegularFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A safetensors file opened for reading, of any size.
 *
 * <p>Tensors are read by position rather than through a memory map: a map of a file that another process cuts would kill the
 * Java machine, and each tensor is read once, so that a map would save nothing.
 */
public final class SafetensorsFile implements AutoCloseable {

    private final Path path;
    private final FileChannel channel;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header) {
        this.path = path;
        this.channel = channel;
        this.header = header;
    }

    /**
     * Opens a file and checks its header.
     *
     * @param path the file
     * @return the opened file
     * @throws InvalidInputException if the file is absent or not a valid safetensors file
     * @throws IOException if reading fails
     */
    public static SafetensorsFile open(Path path) throws IOException {
        RegularFile.requireIfThere(path);
        FileChannel channel;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            throw new InvalidInputException("there is no file " + path, e);
        }
        try {
            return new SafetensorsFile(path, channel, SafetensorsHeader.read(path, channel));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * The file.
     *
     * @return its path
     */
    public Path path() {
        return path;
    }

    /**
     * The tensors' names.
     *
     * @return the names, in the order of the tensors' bytes
     */
    public Set<String> names() {
        return header.tensors().keySet();
    }

    /**
     * What is known of a tensor.
     *
     * @param name its name
     * @return the tensor's description
     * @throws InvalidInputException if the file has no such tensor
     */
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new InvalidInputException(path + " has no tensor '" + name + "'");
        }
        return info;
    }

    /**
     * The file's free texts.
     *
     * @return texts by key
     */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * Reads a tensor. Float16 and bfloat16 become float32, the rest stays what it is. The memory is libtorch's.
     *
     * @param manager the array's manager
     * @param name the tensor's name
     * @return the array
     * @throws InvalidInputException if there is no such tensor or DJL has no such type
     */
    public NDArray read(NDManager manager, String name) {
        TensorInfo info = info(name);
        try (NDArray flat = read(manager, name, 0, elements(info))) {
            return flat.reshape(info.shape());
        }
    }

    private static long elements(TensorInfo info) {
        return info.length() / info.type().bytes();
    }

    /**
     * Reads a part of a tensor, as {@link #read(NDManager, String)} does all of it.
     *
     * @param manager the array's manager
     * @param name the tensor's name
     * @param begin the first of its row-major elements
     * @param end the element after the last
     * @return an array [end - begin]
     * @throws InvalidInputException if there is no such tensor or DJL has no such type
     */
    public NDArray read(NDManager manager, String name, long begin, long end) {
        TensorInfo info = info(name);
        Objects.checkFromToIndex(begin, end, elements(info));
        DataType type = info.type().inMemory().orElseThrow(() -> new InvalidInputException(
                path + ": tensor '" + name + "' has dtype " + info.type() + ", which arrays cannot hold"));
        long elements = end - begin;
        if (elements > 0 && elements <= TensorPieces.ELEMENTS) {
            try (NDArray shared = manager.create(decode(info, begin, (int) elements), new Shape(elements), type)) {
                return shared.duplicate();
            }
        }
        NDArray array = manager.create(new Shape(elements), type);
        try {
            for (long from = 0; from < elements; from += TensorPieces.ELEMENTS) {
                int count = (int) Math.min(TensorPieces.ELEMENTS, elements - from);
                try (NDArray part = manager.create(decode(info, begin + from, count), new Shape(count), type)) {
                    array.set(TensorPieces.range(from, count), part);
                }
            }
            return array;
        } catch (RuntimeException e) {
            array.close();
            throw e;
        }
    }

    /** Reads elements and brings them into the form of memory. */
    private ByteBuffer decode(TensorInfo info, long from, int count) {
        int bytes = info.type().bytes();
        ByteBuffer raw = ByteBuffer.allocateDirect(count * bytes).order(ByteOrder.LITTLE_ENDIAN);
        try {
            SafetensorsHeader.readFully(path, channel, raw, info.offset() + from * bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path + ": " + e.getMessage(), e);
        }
        raw.flip();
        if (info.type() != TensorType.F16 && info.type() != TensorType.BF16) {
            return raw;
        }
        ShortBuffer halves = raw.asShortBuffer();
        ByteBuffer decoded = ByteBuffer.allocateDirect(count * Float.BYTES).order(ByteOrder.nativeOrder());
        FloatBuffer floats = decoded.asFloatBuffer();
        boolean brain = info.type() == TensorType.BF16;
        for (int i = 0; i < count; i++) {
            short half = halves.get(i);
            floats.put(i, brain ? FloatFormats.fromBfloat16(half) : FloatFormats.fromFloat16(half));
        }
        return decoded;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
