package ai.spattention.cuda;

import ai.djl.util.JsonUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPInputStream;

/**
 * Kernels that {@code build_rows.py} or {@code build_grouped.py} compiled: resources beside a class, PTX and a manifest. Each is
 * loaded (and assembled by the driver, once a machine) on a device when first launched there.
 */
public final class KernelLibrary {

    private final Class<?> owner;
    private final Manifest manifest;
    private final Map<String, CudaKernel> loaded = new ConcurrentHashMap<>();

    private KernelLibrary(Class<?> owner, Manifest manifest) {
        this.owner = owner;
        this.manifest = manifest;
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
    }

    /** A compiled kernel. */
    public static final class Variant {
        private String name;
        private String entry;
        private int threads;
        private int sharedBytes;
        private int rows;
        private int columns;
        private List<String> parameters;

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

        private KernelSpec spec() {
            return new KernelSpec(name, entry, threads, sharedBytes, parameters, Map.of());
        }
    }

    /**
     * Reads the manifest beside a class.
     *
     * @param owner the class
     * @return the library
     */
    public static KernelLibrary beside(Class<?> owner) {
        try (InputStream in = open(owner, "manifest.json")) {
            return new KernelLibrary(owner,
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

    /** The code for a compute capability: what was compiled for just this one, else what runs on everything newer, else null. */
    String architecture(int computeCapability) {
        String chosen = null;
        for (Map.Entry<String, Architecture> entry : manifest.architectures.entrySet()) {
            Architecture candidate = entry.getValue();
            if (candidate.exact && candidate.computeCapability == computeCapability) {
                return entry.getKey();
            }
            if (!candidate.exact && candidate.computeCapability <= computeCapability) {
                chosen = entry.getKey();
            }
        }
        return chosen;
    }

    /**
     * The variant of a kernel for a GPU.
     *
     * @param kernel the variant's name without the architecture
     * @param deviceIndex the GPU
     * @return the variant
     */
    public Variant variant(String kernel, int deviceIndex) {
        String name = kernel + "-" + architecture(CudaDevice.of(deviceIndex).computeCapability());
        return manifest.kernels.stream().filter(variant -> variant.name.equals(name)).findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no kernel " + name));
    }

    /**
     * The code of a variant.
     *
     * @param variant the variant
     * @return PTX
     */
    public String ptx(Variant variant) {
        try (InputStream in = new GZIPInputStream(open(owner, variant.name + ".ptx.gz"))) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the kernel " + variant.name, e);
        }
    }

    CudaKernel kernel(Variant variant, int deviceIndex) {
        return loaded.computeIfAbsent(variant.name + " on " + deviceIndex,
                key -> new CudaKernel(CudaDevice.of(deviceIndex), variant.spec(), ptx(variant)));
    }

    private static InputStream open(Class<?> owner, String file) {
        InputStream in = owner.getResourceAsStream(file);
        if (in == null) {
            throw new IllegalStateException("resource " + file + " is missing beside " + owner.getName());
        }
        return in;
    }
}
