package ai.spattention.cuda;

import ai.djl.util.JsonUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * Kernels that the scripts in {@code src/main/kernel} compiled: resources beside a class, PTX and a manifest. Each is loaded (and
 * assembled by the driver, once a machine) on a device when first launched there.
 */
public final class KernelLibrary {

    private final Class<?> owner;
    private final String folder;
    private final Manifest manifest;
    private final Map<String, Variant> variants = new HashMap<>();
    private final Map<String, Integer> positions = new HashMap<>();
    private final Map<Wanted, Variant> best = new ConcurrentHashMap<>();
    private final Map<Place, CudaKernel> loaded = new ConcurrentHashMap<>();

    private record Wanted(String kernel, int computeCapability) {}

    private record Place(Variant variant, int deviceIndex) {}

    private KernelLibrary(Class<?> owner, String folder, Manifest manifest) {
        this.owner = owner;
        this.folder = folder;
        this.manifest = manifest;
        for (Variant variant : manifest.kernels) {
            variants.put(variant.name, variant);
            variant.sources().forEach(source -> positions.putIfAbsent(source, positions.size()));
        }
    }

    /** What the build script wrote. The fields have the names of the JSON file. */
    public static final class Manifest {
        private List<String> sources;
        private String sourceSha256;
        private Map<String, Architecture> architectures;
        private List<Variant> kernels;

        /**
         * The kernels' sources, by whose digest a test knows that they and the compiled code belong together.
         *
         * @return names of files
         */
        public List<String> sources() {
            return List.copyOf(sources);
        }

        /**
         * The digest of the sources, one after the other.
         *
         * @return SHA-256 in hexadecimal
         */
        public String sourceSha256() {
            return sourceSha256;
        }

        /**
         * The architectures that code was compiled for.
         *
         * @return their names, as variants' names end
         */
        public Set<String> architectures() {
            return Set.copyOf(architectures.keySet());
        }

        /**
         * The version of PTX in which an architecture's code is written.
         *
         * @param architecture the architecture's name
         * @return for example "8.0"; null where the build script does not say
         */
        public String ptxVersion(String architecture) {
            return architectures.get(architecture).ptxVersion;
        }

        /**
         * The compiled kernels.
         *
         * @return the variants
         */
        public List<Variant> kernels() {
            return List.copyOf(kernels);
        }
    }

    /** A kind of device that code was compiled for. */
    private static final class Architecture {
        private int computeCapability;
        /** Whether the code runs on this compute capability alone, and not on newer ones too. */
        private boolean exact;
        private String ptxVersion;
    }

    /** A compiled kernel. */
    public static final class Variant {
        private String name;
        private String entry;
        private int threads;
        private int sharedBytes;
        private int rows;
        private int columns;
        private boolean persistent;
        private int queries;
        private int keys;
        private List<String> parameters;
        private Map<String, KernelSpec.Box> maps = Map.of();

        /**
         * The variant's name, which ends in the architecture's.
         *
         * @return the name
         */
        public String name() {
            return name;
        }

        /**
         * The function's name in the code.
         *
         * @return the name
         */
        public String entry() {
            return entry;
        }

        /**
         * The parameters in order.
         *
         * @return name:type each
         */
        public List<String> parameters() {
            return List.copyOf(parameters);
        }

        /**
         * The arrays and numbers that a launch must be given.
         *
         * @return their names
         */
        public List<String> sources() {
            return KernelParameters.sources(parameters);
        }

        /**
         * The rows of a program's tile.
         *
         * @return rows, 0 for a kernel without tiles
         */
        public int rows() {
            return rows;
        }

        /**
         * The columns of a program's tile.
         *
         * @return columns, 0 for a kernel without tiles
         */
        public int columns() {
            return columns;
        }

        /**
         * Whether programs look for their tiles themselves, one after the other, so that one a multiprocessor is launched; else
         * there is a program for each tile.
         *
         * @return whether they do
         */
        public boolean persistent() {
            return persistent;
        }

        /**
         * The queries of an attention kernel's tile.
         *
         * @return queries, 0 for other kernels
         */
        public int queries() {
            return queries;
        }

        /**
         * The keys of an attention kernel's tile.
         *
         * @return keys, 0 for other kernels
         */
        public int keys() {
            return keys;
        }

        /**
         * The threads of a program.
         *
         * @return threads
         */
        public int threads() {
            return threads;
        }

        /**
         * The shared memory of a program.
         *
         * @return bytes
         */
        public int sharedBytes() {
            return sharedBytes;
        }

        private KernelSpec spec() {
            return new KernelSpec(name, entry, threads, sharedBytes, parameters, maps);
        }
    }

    /**
     * Reads the manifest beside a class.
     *
     * @param owner the class
     * @param folder the folder in the class's package that holds the kernels, with a slash at its end; empty for the package
     * @return the library
     */
    public static KernelLibrary beside(Class<?> owner, String folder) {
        try (InputStream in = open(owner, folder + "manifest.json")) {
            return new KernelLibrary(owner, folder,
                    JsonUtils.GSON.fromJson(new InputStreamReader(in, StandardCharsets.UTF_8), Manifest.class));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the kernels' manifest beside " + owner.getName(), e);
        }
    }

    /**
     * The manifest.
     *
     * @return what the build script wrote
     */
    public Manifest manifest() {
        return manifest;
    }

    /**
     * Whether the kernels run on a GPU.
     *
     * @param deviceIndex the GPU, as PyTorch counts
     * @return whether there is a driver, and code for the GPU's compute capability
     */
    public boolean runsOn(int deviceIndex) {
        return CudaDevice.unavailable().isEmpty() && architecture(CudaDevice.of(deviceIndex).computeCapability()) != null;
    }

    /**
     * Whether there is code of a kernel for just a GPU's architecture, and not only what runs on every newer one.
     *
     * @param kernel the variant's name without the architecture
     * @param computeCapability that of a GPU on which the kernels run, 10 times the major plus the minor number
     * @return true if there is
     */
    public boolean isTunedFor(String kernel, int computeCapability) {
        String name = variantFor(kernel, computeCapability).name;
        return manifest.architectures.get(name.substring(name.lastIndexOf('-') + 1)).exact;
    }

    /**
     * The code for a compute capability: what was compiled for just this one, else what runs on everything newer.
     *
     * @param computeCapability 10 times the major plus the minor number
     * @return the architecture's name; null if no code runs there
     */
    public String architecture(int computeCapability) {
        return architectures(computeCapability).findFirst().orElse(null);
    }

    /** The architectures whose code runs on a compute capability, the best first. */
    private Stream<String> architectures(int computeCapability) {
        Comparator<Map.Entry<String, Architecture>> best = Comparator.comparing(entry -> entry.getValue().exact);
        return manifest.architectures.entrySet().stream()
                .filter(entry -> entry.getValue().exact ? entry.getValue().computeCapability == computeCapability
                        : entry.getValue().computeCapability <= computeCapability)
                .sorted(best.thenComparing(entry -> entry.getValue().computeCapability).reversed()).map(Map.Entry::getKey);
    }

    /**
     * The best variant of a kernel for a compute capability: compiled for just this one, else for the newest that is no newer.
     *
     * @param kernel the variant's name without the architecture
     * @param computeCapability 10 times the major plus the minor number
     * @return the variant
     */
    public Variant variantFor(String kernel, int computeCapability) {
        return best.computeIfAbsent(new Wanted(kernel, computeCapability), key -> find(kernel, computeCapability)
                .orElseThrow(() -> new IllegalStateException("there is no kernel " + kernel + " for compute capability "
                        + computeCapability)));
    }

    /**
     * The best variant of a kernel that not every GPU has.
     *
     * @param kernel the variant's name without the architecture
     * @param computeCapability 10 times the major plus the minor number
     * @return the variant; empty if there is none
     */
    public Optional<Variant> find(String kernel, int computeCapability) {
        return architectures(computeCapability).map(architecture -> variants.get(kernel + "-" + architecture))
                .filter(Objects::nonNull).findFirst();
    }

    /**
     * A variant.
     *
     * @param name the variant's name
     * @return the variant
     */
    public Variant variant(String name) {
        Variant variant = variants.get(name); // asked at every launch
        if (variant == null) {
            throw new IllegalStateException("there is no kernel " + name);
        }
        return variant;
    }

    /**
     * The code of a variant.
     *
     * @param variant the variant
     * @return PTX
     */
    public String ptx(Variant variant) {
        try (InputStream in = new GZIPInputStream(open(owner, folder + variant.name + ".ptx.gz"))) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the kernel " + variant.name, e);
        }
    }

    /**
     * A kernel, loaded on a GPU.
     *
     * @param variant the variant
     * @param deviceIndex the GPU
     * @return the kernel
     * @throws CudaException if the driver refuses it
     */
    private CudaKernel kernel(Variant variant, int deviceIndex) {
        Place place = new Place(variant, deviceIndex);
        CudaKernel known = loaded.get(place); // asked at every launch
        return known != null ? known : loaded.computeIfAbsent(place,
                key -> new CudaKernel(CudaDevice.of(deviceIndex), variant.spec(), ptx(variant), this::position));
    }

    /**
     * Puts a kernel on a stream once and returns at once.
     *
     * @param variant the kernel
     * @param grid how many programs run
     * @param tensors the arrays by {@link #position}, null where there is none
     * @param numbers the numbers by position
     * @param stream the stream; its device's context must be current
     * @throws CudaException if the driver refuses, or a parameter is missing
     */
    public void launch(Variant variant, Grid grid, TensorView[] tensors, Number[] numbers, CudaStream stream) {
        kernel(variant, stream.device().index()).launch(grid, tensors, numbers, stream.address());
    }

    /**
     * Prepares a launch that will be repeated with the same arguments.
     *
     * @param variant the kernel
     * @param deviceIndex the GPU
     * @param grid how many programs run
     * @param tensors the arrays by {@link #position}, null where there is none
     * @param numbers the numbers by position
     * @return puts the kernel on a stream of that GPU; the device's context must be current
     * @throws CudaException if a parameter is missing
     */
    public Consumer<CudaStream> prepare(Variant variant, int deviceIndex, Grid grid, TensorView[] tensors, Number[] numbers) {
        CudaKernel.Prepared prepared = kernel(variant, deviceIndex).prepare(grid, tensors, numbers);
        return stream -> prepared.launch(stream.address());
    }

    /**
     * How many different arrays and numbers the kernels take.
     *
     * @return one more than the last {@link #position}
     */
    public int positions() {
        return positions.size();
    }

    /**
     * Where a launch of any of the kernels has the array or number of a name: the same for all of them.
     *
     * @param name a parameter's name
     * @return the position
     * @throws IllegalArgumentException if no kernel takes it
     */
    public int position(String name) {
        Integer position = positions.get(name);
        if (position == null) {
            throw new IllegalArgumentException("no kernel beside " + owner.getName() + " takes a '" + name + "'");
        }
        return position;
    }

    private static InputStream open(Class<?> owner, String file) {
        InputStream in = owner.getResourceAsStream(file);
        if (in == null) {
            throw new IllegalStateException("resource " + file + " is missing beside " + owner.getName());
        }
        return in;
    }
}
