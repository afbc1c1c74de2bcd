package ai.spattention.kernel;

import ai.djl.util.JsonUtils;
import ai.spattention.cuda.KernelSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * What {@code src/main/kernel/build.py} wrote: the compiled variants of the fused kernel and how each is launched. The fields have
 * the names of the JSON file.
 */
final class FusedManifest {

    /** The kernel's sources, by whose digest a test knows that they and the compiled code belong together. */
    List<String> sources;
    String sourceSha256;
    Map<String, Architecture> architectures;
    List<Variant> kernels;

    /** A kind of device that code was compiled for. */
    static final class Architecture {
        int computeCapability;
        /** Whether the code runs on this compute capability alone, and not on newer ones too. */
        boolean exact;
        String ptxVersion;
        /** The first driver that reads this version of PTX. */
        String minimumDriver;
    }

    /** A compiled kernel. */
    static final class Variant {
        String name;
        String kernel;
        String feature;
        String type;
        int headDim;
        String arch;
        String entry;
        int queries;
        int keys;
        int threads;
        int sharedBytes;
        List<String> parameters;
        Map<String, BoxShape> maps;

        KernelSpec spec() {
            Map<String, KernelSpec.Box> boxes = new HashMap<>();
            maps.forEach((tensor, shape) -> boxes.put(tensor, new KernelSpec.Box(shape.box, shape.swizzle)));
            return new KernelSpec(name, entry, threads, sharedBytes, parameters, boxes);
        }
    }

    /** A box of a tensor map. */
    static final class BoxShape {
        List<Integer> box;
        int swizzle;
    }

    static FusedManifest load() {
        try (InputStream in = open("manifest.json")) {
            return JsonUtils.GSON.fromJson(new InputStreamReader(in, StandardCharsets.UTF_8), FusedManifest.class);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the fused kernel's manifest", e);
        }
    }

    /** The variant of a name, {@code kernel-feature-type-dD-arch}. */
    Variant variant(String name) {
        return kernels.stream().filter(variant -> variant.name.equals(name)).findFirst()
                .orElseThrow(() -> new IllegalStateException("the fused kernel has no variant " + name));
    }

    /** The PTX of a variant. */
    static String ptx(Variant variant) {
        try (InputStream in = new GZIPInputStream(open(variant.name + ".ptx.gz"))) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the fused kernel " + variant.name, e);
        }
    }

    private static InputStream open(String file) {
        InputStream in = FusedManifest.class.getResourceAsStream("fused/" + file);
        if (in == null) {
            throw new IllegalStateException("resource fused/" + file + " is missing beside " + FusedManifest.class.getName());
        }
        return in;
    }
}
