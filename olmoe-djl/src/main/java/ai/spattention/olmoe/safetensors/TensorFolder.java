package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** The tensors of a model folder as one, in {@code model.safetensors} or in shards listed by an index, as Hugging Face keeps them. */
public final class TensorFolder implements AutoCloseable {

    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String PICKLED = "pytorch_model.bin";
    private static final long LARGEST_INDEX = 256L << 20;

    private static final ObjectMapper JSON = StrictJson.builder().build();

    private final Path folder;
    private final Map<String, SafetensorsFile> files;
    private final Set<SafetensorsFile> opened;

    private TensorFolder(Path folder, Map<String, SafetensorsFile> files, Set<SafetensorsFile> opened) {
        this.folder = folder;
        this.files = files;
        this.opened = opened;
    }

    /**
     * Opens a folder's tensors.
     *
     * @param folder the folder
     * @return the opened tensors
     * @throws InvalidInputException if there are none, or the index and the files contradict each other
     * @throws IOException if reading fails
     */
    public static TensorFolder open(Path folder) throws IOException {
        Set<SafetensorsFile> opened = new LinkedHashSet<>();
        try {
            Map<String, SafetensorsFile> files = new LinkedHashMap<>();
            Path index = folder.resolve(INDEX);
            if (Files.exists(folder.resolve(SINGLE))) { // as in transformers: an index beside it is left from before
                SafetensorsFile file = SafetensorsFile.open(folder.resolve(SINGLE));
                opened.add(file);
                file.names().forEach(name -> files.put(name, file));
            } else if (Files.exists(index)) {
                openShards(folder, index, files, opened);
            } else {
                throw new InvalidInputException(folder + " has neither " + SINGLE + " nor " + INDEX + (hasPickled(folder)
                        ? ", only weights that were pickled (.bin): load them with transformers and save_pretrained them"
                        : ": it is not a model folder"));
            }
            return new TensorFolder(folder, files, opened);
        } catch (IOException | RuntimeException e) {
            for (SafetensorsFile file : opened) {
                file.close();
            }
            throw e;
        }
    }

    private static boolean hasPickled(Path folder) {
        return Files.exists(folder.resolve(PICKLED)) || Files.exists(folder.resolve(PICKLED + ".index.json"));
    }

    private static void openShards(Path folder, Path index, Map<String, SafetensorsFile> files,
            Set<SafetensorsFile> opened) throws IOException {
        Map<String, String> fileOf = readIndex(index);
        Map<String, SafetensorsFile> byName = new LinkedHashMap<>();
        for (String shard : new LinkedHashSet<>(fileOf.values())) {
            if (shard.isEmpty() || shard.contains("/") || shard.contains("\\") || shard.indexOf('\0') >= 0 || shard.equals("..")) {
                throw new InvalidInputException(index + " names the file '" + shard + "': only names within the folder are allowed");
            }
            if (!Files.isRegularFile(folder.resolve(shard))) {
                throw new InvalidInputException(index + " names the file '" + shard + "', which is not there");
            }
            SafetensorsFile file = SafetensorsFile.open(folder.resolve(shard));
            opened.add(file);
            byName.put(shard, file);
            for (String name : file.names()) {
                if (!shard.equals(fileOf.get(name))) {
                    throw new InvalidInputException(index + " does not list tensor '" + name + "' in '" + shard
                            + "', which holds it");
                }
            }
        }
        fileOf.forEach((name, shard) -> {
            if (!byName.get(shard).names().contains(name)) {
                throw new InvalidInputException(index + " lists tensor '" + name + "' in '" + shard
                        + "', which does not hold it");
            }
            files.put(name, byName.get(shard));
        });
    }

    private static Map<String, String> readIndex(Path index) throws IOException {
        RegularFile.requireIfThere(index);
        if (Files.size(index) > LARGEST_INDEX) {
            throw new InvalidInputException(index + " is too large for an index: " + Files.size(index) + " bytes");
        }
        JsonNode root;
        try {
            root = StrictJson.tree(JSON, Files.readAllBytes(index));
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(index + " is not valid JSON: " + JsonProblem.of(e), e);
        }
        JsonNode map = root == null ? null : root.get("weight_map");
        if (map == null || !map.isObject() || map.isEmpty()) {
            throw new InvalidInputException(index + " must hold a non-empty object 'weight_map'");
        }
        Map<String, String> fileOf = new LinkedHashMap<>();
        map.properties().forEach(entry -> {
            if (!entry.getValue().isTextual()) {
                throw new InvalidInputException(index + " gives no file for tensor '" + entry.getKey() + "'");
            }
            fileOf.put(entry.getKey(), entry.getValue().textValue());
        });
        return fileOf;
    }

    /**
     * The folder.
     *
     * @return its path
     */
    public Path folder() {
        return folder;
    }

    /**
     * The files that hold the tensors.
     *
     * @return their paths, one or more
     */
    public List<Path> files() {
        return opened.stream().map(SafetensorsFile::path).toList();
    }

    /**
     * The tensors' names.
     *
     * @return all names
     */
    public Set<String> names() {
        return files.keySet();
    }

    /**
     * What is known of a tensor.
     *
     * @param name its name
     * @return its description
     * @throws InvalidInputException if there is no such tensor
     */
    public TensorInfo info(String name) {
        return file(name).info(name);
    }

    /**
     * Reads a tensor, as {@link SafetensorsFile#read}.
     *
     * @param manager the array's manager
     * @param name its name
     * @return the array
     */
    public NDArray read(NDManager manager, String name) {
        return file(name).read(manager, name);
    }

    private SafetensorsFile file(String name) {
        SafetensorsFile file = files.get(name);
        if (file == null) {
            throw new InvalidInputException(folder + " has no tensor '" + name + "'");
        }
        return file;
    }

    /**
     * A tensor to be written.
     *
     * @param name its name
     * @param type its type in the file
     * @param shape its shape
     * @param content gives its float32 values when they are written; the writer closes them
     */
    public record Tensor(String name, TensorType type, Shape shape, Supplier<NDArray> content) {

        long bytes() {
            return shape.size() * type.bytes();
        }
    }

    /**
     * Writes tensors into a folder, in one file or, beyond a size, in shards with an index. The index comes last.
     *
     * @param folder the folder
     * @param tensors the tensors
     * @param maxShardBytes the largest file; a single larger tensor gets a file of its own
     * @throws IOException if writing fails
     */
    public static void write(Path folder, List<Tensor> tensors, long maxShardBytes) throws IOException {
        List<List<Tensor>> shards = new ArrayList<>();
        long room = 0;
        for (Tensor tensor : tensors) {
            if (shards.isEmpty() || tensor.bytes() > room) {
                shards.add(new ArrayList<>());
                room = maxShardBytes;
            }
            shards.get(shards.size() - 1).add(tensor);
            room -= tensor.bytes();
        }
        if (shards.size() <= 1) {
            writer(tensors).write(folder.resolve(SINGLE));
            return;
        }
        ObjectNode root = JSON.createObjectNode();
        root.putObject("metadata").put("total_size", tensors.stream().mapToLong(Tensor::bytes).sum());
        ObjectNode map = root.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            writer(shards.get(i)).write(folder.resolve(name));
            shards.get(i).forEach(tensor -> map.put(tensor.name(), name));
        }
        AtomicFile.write(folder.resolve(INDEX), root.toPrettyString() + "\n");
    }

    private static SafetensorsWriter writer(List<Tensor> tensors) {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        tensors.forEach(tensor -> writer.add(tensor.name(), tensor.type(), tensor.shape(), tensor.content()));
        return writer;
    }

    @Override
    public void close() throws IOException {
        Resources.closeAll(opened);
    }
}
