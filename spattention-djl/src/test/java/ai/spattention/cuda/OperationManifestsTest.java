package ai.spattention.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.JsonUtils;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.crossentropy.CrossEntropySteps;
import ai.spattention.embedding.EmbeddingSteps;
import ai.spattention.groupedmatmul.GroupedMatmulSteps;
import ai.spattention.querykeyrotary.QueryKeyRotarySteps;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.router.RouterSteps;
import ai.spattention.swiglu.SwiGluSteps;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The compiled code of the operations belongs to its sources, and the manifests to the code. */
class OperationManifestsTest {

    /** The compiled code of an operation spills no more than so many bytes in any variant; the others spill nothing. */
    private static final Map<Class<?>, Integer> SPILLS = Map.of(RmsNormSteps.class, 8, QueryKeyRotarySteps.class, 8,
            RouterSteps.class, 132, GroupedMatmulSteps.class, 64, AttentionKernel.class, 1640); // three products of TF32 for one of float32

    static Stream<Class<?>> operations() {
        return Stream.of(AdamWSteps.class, AttentionKernel.class, CrossEntropySteps.class, EmbeddingSteps.class, GroupedMatmulSteps.class,
                QueryKeyRotarySteps.class, RmsNormSteps.class, RouterSteps.class, SwiGluSteps.class);
    }

    private static KernelLibrary library(Class<?> owner) {
        return KernelLibrary.beside(owner, "");
    }

    private static JsonObject json(Class<?> owner) throws IOException {
        try (Reader in = new InputStreamReader(owner.getResourceAsStream("manifest.json"), StandardCharsets.UTF_8)) {
            return JsonUtils.GSON.fromJson(in, JsonObject.class);
        }
    }

    @ParameterizedTest
    @MethodSource("operations")
    void theCodeWasCompiledFromTheseSources(Class<?> owner) throws Exception {
        KernelLibrary.Manifest manifest = library(owner).manifest();
        KernelSources.assertCompiled(manifest);
        assertTrue(manifest.sources().containsAll(List.of("build.py", "ptx.py")), "what compiles is a source, too");
    }

    @ParameterizedTest
    @MethodSource("operations")
    void theCodeIsAsTheManifestSays(Class<?> owner) {
        KernelSources.assertCodeIsAsTheManifestSays(library(owner));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void nothingSpillsMoreThanIsKnown(Class<?> owner) throws Exception {
        for (JsonElement each : json(owner).getAsJsonArray("kernels")) {
            JsonObject kernel = each.getAsJsonObject();
            int spilled = kernel.get("spillBytes").getAsInt();
            assertTrue(spilled <= SPILLS.getOrDefault(owner, 0), kernel.get("name") + " spills " + spilled + " bytes");
        }
    }

    /** A number that is a pointer's parameter in one variant and a plain one in another would be given wrongly. */
    @ParameterizedTest
    @MethodSource("operations")
    void aNameMeansTheSameInEveryKernel(Class<?> owner) {
        Map<String, Set<Boolean>> arrays = library(owner).manifest().kernels().stream()
                .flatMap(variant -> variant.parameters().stream()).filter(parameter -> parameter.indexOf('.') < 0)
                .collect(Collectors.groupingBy(parameter -> parameter.substring(0, parameter.indexOf(':')),
                        Collectors.mapping(parameter -> parameter.matches(".*:(pointer|map)"), Collectors.toSet())));
        arrays.forEach((name, kinds) -> assertEquals(1, kinds.size(), name));
    }

    /** Each folder of sources has its compiled code, and no code lies about that the manifest does not name. */
    @Test
    void everyOperationIsCompiled() throws Exception {
        Set<String> folders = new TreeSet<>();
        try (Stream<Path> files = Files.list(Path.of("src/main/kernel"))) {
            files.filter(folder -> Files.exists(folder.resolve("variants.py")))
                    .forEach(folder -> folders.add(folder.getFileName().toString().replace("_", "")));
        }
        assertEquals(operations().map(owner -> owner.getPackageName().replaceFirst(".*\\.", ""))
                .collect(Collectors.toCollection(TreeSet::new)), folders);
        for (String folder : folders) {
            Path resources = Path.of("src/main/resources/ai/spattention", folder);
            JsonArray kernels = JsonUtils.GSON.fromJson(Files.readString(resources.resolve("manifest.json")), JsonObject.class)
                    .getAsJsonArray("kernels");
            Set<String> named = new TreeSet<>();
            kernels.forEach(kernel -> named.add(kernel.getAsJsonObject().get("name").getAsString() + ".ptx.gz"));
            try (Stream<Path> files = Files.list(resources)) {
                assertEquals(named, files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".ptx.gz"))
                        .collect(Collectors.toCollection(TreeSet::new)));
            }
        }
    }
}
