package ai.spattention.row;

import ai.djl.util.JsonUtils;
import ai.spattention.cuda.KernelSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** What {@code src/main/kernel/build_rows.py} wrote. The fields have the names of the JSON file. */
final class RowManifest {

    /** The kernels' sources, by whose digest a test knows that they and the compiled code belong together. */
    List<String> sources;
    String sourceSha256;
    /** The oldest architecture on which the code runs. */
    int computeCapability;
    List<Variant> kernels;

    /** A compiled kernel. */
    static final class Variant {
        String name;
        String entry;
        int threads;
        int sharedBytes;
        List<String> parameters;

        KernelSpec spec() {
            return new KernelSpec(name, entry, threads, sharedBytes, parameters, Map.of());
        }
    }

    static RowManifest load() {
        try (InputStream in = open("manifest.json")) {
            return JsonUtils.GSON.fromJson(new InputStreamReader(in, StandardCharsets.UTF_8), RowManifest.class);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the row kernels' manifest", e);
        }
    }

    Variant variant(String name) {
        return kernels.stream().filter(variant -> variant.name.equals(name)).findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no row kernel " + name));
    }

    static String ptx(Variant variant) {
        try (InputStream in = new GZIPInputStream(open(variant.name + ".ptx.gz"))) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the row kernel " + variant.name, e);
        }
    }

    private static InputStream open(String file) {
        InputStream in = RowManifest.class.getResourceAsStream(file);
        if (in == null) {
            throw new IllegalStateException("resource " + file + " is missing beside " + RowManifest.class.getName());
        }
        return in;
    }
}
