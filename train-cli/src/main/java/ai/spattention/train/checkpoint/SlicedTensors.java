package ai.spattention.train.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tensors that lie in one file or, as {@link TensorSlice}s, in several. What is read need not be what was written together. */
public final class SlicedTensors implements AutoCloseable {

    private static final Pattern SLICE = Pattern.compile("(?<name>.+)\\[(?<begin>\\d{1,18}):(?<end>\\d{1,18})\\]");

    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, List<Piece>> pieces = new HashMap<>();
    private final Map<String, String> shapes = new HashMap<>();

    private record Piece(SafetensorsFile file, String tensor, long begin, long end) {}

    private SlicedTensors() {}

    /**
     * Opens files.
     *
     * @param files all files of the tensors
     * @return the tensors
     * @throws InvalidInputException if one is no safetensors file, or has a slice of another length than its name says
     * @throws IOException if reading fails
     */
    public static SlicedTensors open(List<Path> files) throws IOException {
        SlicedTensors tensors = new SlicedTensors();
        try {
            for (Path file : files) {
                tensors.add(SafetensorsFile.open(file));
            }
        } catch (IOException | RuntimeException e) {
            tensors.close();
            throw e;
        }
        tensors.pieces.values().forEach(own -> own.sort(Comparator.comparingLong(Piece::begin)));
        return tensors;
    }

    private void add(SafetensorsFile file) {
        files.add(file);
        shapes.putAll(file.metadata());
        for (String tensor : file.names()) {
            Shape stored = file.info(tensor).shape();
            Matcher slice = SLICE.matcher(tensor);
            boolean isSlice = slice.matches();
            String name = isSlice ? slice.group("name") : tensor;
            long begin = isSlice ? Long.parseLong(slice.group("begin")) : 0;
            long end = isSlice ? Long.parseLong(slice.group("end")) : stored.size();
            if (end - begin != stored.size()) {
                throw new InvalidInputException(file.path() + ": the slice '" + tensor + "' has " + stored.size() + " elements");
            }
            if (!isSlice) {
                shapes.put(name, TensorSlice.text(stored));
            }
            pieces.computeIfAbsent(name, any -> new ArrayList<>()).add(new Piece(file, tensor, begin, end));
        }
    }

    /**
     * Whether there is something of a tensor.
     *
     * @param name the tensor's name
     * @return true for all of it or a part
     */
    public boolean contains(String name) {
        return pieces.containsKey(name);
    }

    /**
     * Reads a tensor, in the types of {@link SafetensorsFile#read(NDManager, String)}.
     *
     * @param manager the array's manager
     * @param name the tensor's name
     * @param shape the shape that it must have
     * @return the array, in that shape
     * @throws InvalidInputException if there is no such tensor, it has another shape or is not whole
     */
    public NDArray read(NDManager manager, String name, Shape shape) {
        if (contains(name) && !TensorSlice.text(shape).equals(shapes.get(name))) {
            throw new InvalidInputException(pieces.get(name).get(0).file.path() + ": tensor '" + name + "' has the shape (" + shapes.get(name)
                    + "), not (" + TensorSlice.text(shape) + ")");
        }
        try (NDArray flat = read(manager, name, 0, shape.size())) {
            return flat.reshape(shape);
        }
    }

    /**
     * Reads a part of a tensor from wherever it lies.
     *
     * @param manager the array's manager
     * @param name the tensor's name
     * @param begin the first of its row-major elements
     * @param end the element after the last
     * @return an array [end - begin]
     * @throws InvalidInputException if no file has some of it
     */
    public NDArray read(NDManager manager, String name, long begin, long end) {
        try (NDList parts = new NDList()) {
            long place = begin;
            for (Piece piece : pieces.getOrDefault(name, List.of())) {
                if (piece.begin <= place && place < piece.end && place < end) {
                    long until = Math.min(end, piece.end);
                    parts.add(piece.file.read(manager, piece.tensor, place - piece.begin, until - piece.begin));
                    place = until;
                }
            }
            if (place < end) {
                throw new InvalidInputException(files.get(0).path().getParent() + " has no element " + place + " of tensor '" + name + "'");
            }
            return parts.size() == 1 ? parts.remove(0) : NDArrays.concat(parts);
        }
    }

    @Override
    public void close() throws IOException {
        Resources.closeAll(files);
    }
}
