package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file's checked header: every tensor lies within the file, in the size that its shape and type ask for, and together they
 * fill it without hole or overlap.
 *
 * @param tensors the tensors by name, in the order of their bytes
 * @param metadata the free texts
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {

    /** The format's own limit. */
    static final long LARGEST_HEADER = 100_000_000;

    private static final int LARGEST_RANK = 64;

    private static final ObjectMapper JSON = StrictJson.builder().build();

    static SafetensorsHeader read(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < 8) {
            throw bad(file, "it has " + size + " bytes, a safetensors file at least 8");
        }
        ByteBuffer lengthBytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, channel, lengthBytes, 0);
        long length = lengthBytes.getLong(0);
        if (length < 0 || length > LARGEST_HEADER) {
            throw bad(file, "its header claims " + Long.toUnsignedString(length) + " bytes, more than the format's "
                    + LARGEST_HEADER);
        }
        if (length > size - 8) {
            throw bad(file, "its header claims " + length + " bytes, but only " + (size - 8) + " follow");
        }
        ByteBuffer text = ByteBuffer.allocate((int) length);
        readFully(file, channel, text, 8);
        return parse(file, text.flip(), 8 + length, size);
    }

    /** Reads a whole buffer from a position, or fails: a file may be cut while it is read. */
    static void readFully(Path file, FileChannel channel, ByteBuffer into, long position) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count = channel.read(into, at);
            if (count < 0) {
                throw bad(file, "it ended at byte " + at + " while it was read");
            }
            at += count;
        }
    }

    private static SafetensorsHeader parse(Path file, ByteBuffer utf8, long dataStart, long fileSize) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw bad(file, "its header is not UTF-8");
        }
        if (text.isEmpty() || text.charAt(0) != '{') {
            throw bad(file, "its header must begin with '{'");
        }
        if (text.indexOf('\0') >= 0) {
            throw bad(file, "its header holds a NUL character (padding must be spaces)");
        }
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw bad(file, "its header is not valid JSON: " + JsonProblem.of(e));
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> tensors = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (field.getKey().equals("__metadata__")) {
                readMetadata(file, field.getValue(), metadata);
            } else {
                tensors.add(tensor(file, field.getKey(), field.getValue(), dataStart, fileSize));
            }
        }
        return new SafetensorsHeader(inOrder(file, tensors, dataStart, fileSize), Map.copyOf(metadata));
    }

    private static void readMetadata(Path file, JsonNode node, Map<String, String> metadata) {
        if (!node.isObject()) {
            throw bad(file, "its __metadata__ is not an object");
        }
        node.properties().forEach(entry -> {
            if (!entry.getValue().isTextual()) {
                throw bad(file, "its __metadata__ '" + entry.getKey() + "' is not text");
            }
            metadata.put(entry.getKey(), entry.getValue().textValue());
        });
    }

    private static TensorInfo tensor(Path file, String name, JsonNode node, long dataStart, long fileSize) {
        String at = "tensor '" + name + "' ";
        JsonNode dtype = node.get("dtype");
        JsonNode dims = node.get("shape");
        JsonNode offsets = node.get("data_offsets");
        if (dtype == null || !dtype.isTextual() || dims == null || !dims.isArray() || offsets == null
                || !offsets.isArray() || offsets.size() != 2) {
            throw bad(file, at + "must have dtype, shape and two data_offsets");
        }
        TensorType type = TensorType.of(dtype.textValue())
                .orElseThrow(() -> bad(file, at + "has the unknown dtype '" + dtype.textValue() + "'"));
        if (dims.size() > LARGEST_RANK) {
            throw bad(file, at + "has " + dims.size() + " axes");
        }
        long[] shape = new long[dims.size()];
        boolean empty = false;
        long extent = type.bytes(); // an empty axis counts as 1, as it does in an array's strides
        for (int i = 0; i < shape.length; i++) {
            shape[i] = natural(file, at + "has a shape", dims.get(i));
            empty |= shape[i] == 0;
            try {
                extent = Math.multiplyExact(extent, Math.max(1, shape[i]));
            } catch (ArithmeticException e) {
                throw bad(file, at + "has a shape whose size overflows: " + dims);
            }
        }
        long bytes = empty ? 0 : extent;
        long begin = natural(file, at + "has an offset", offsets.get(0));
        long end = natural(file, at + "has an offset", offsets.get(1));
        if (end < begin) {
            throw bad(file, at + "ends before it begins (data_offsets " + offsets + ")");
        }
        if (end - begin != bytes) {
            throw bad(file, at + "has " + (end - begin) + " bytes, its shape " + dims + " of " + type + " needs " + bytes);
        }
        if (end > fileSize - dataStart) {
            throw bad(file, at + "ends at byte " + end + " of the data, but there are only " + (fileSize - dataStart)
                    + " (is the file cut?)");
        }
        return new TensorInfo(name, type, new Shape(shape), dataStart + begin, bytes);
    }

    private static long natural(Path file, String what, JsonNode node) {
        if (node == null || !node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw bad(file, what + " that is no natural number: " + node);
        }
        return node.longValue();
    }

    private static Map<String, TensorInfo> inOrder(Path file, List<TensorInfo> tensors, long dataStart, long fileSize) {
        tensors.sort(Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::length));
        Map<String, TensorInfo> ordered = new LinkedHashMap<>();
        long end = dataStart;
        for (TensorInfo tensor : tensors) {
            if (tensor.offset() != end) {
                String fault = tensor.offset() < end ? "overlaps the tensor before it" : "leaves a hole before it";
                throw bad(file, "tensor '" + tensor.name() + "' " + fault);
            }
            end += tensor.length();
            ordered.put(tensor.name(), tensor);
        }
        if (end != fileSize) {
            throw bad(file, (fileSize - end) + " bytes follow the last tensor");
        }
        return ordered;
    }

    static InvalidInputException bad(Path file, String fault) {
        return new InvalidInputException(file + " is not a valid safetensors file: " + fault);
    }
}
