package ai.spattention.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.KernelSources;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The compiled code belongs to the sources, and the manifest to the code. */
class FusedManifestTest {

    private static final KernelLibrary.Manifest MANIFEST = FusedKernel.LIBRARY.manifest();

    @Test
    void theCodeWasCompiledFromTheseSources() throws Exception {
        KernelSources.assertCompiled(MANIFEST, "build.py");
    }

    @Test
    void everyVariantIsThere() {
        int count = 0;
        for (String kernel : List.of("forward", "backward_queries", "backward_keys")) {
            for (String feature : List.of("ranges", "ranges_documents", "general", "general_documents", "dropout", "dropout_documents")) {
                for (String type : List.of("bf16", "fp16", "fp32", "tf32")) {
                    for (int headDim : new int[] {32, 64, 128, 256}) {
                        String name = kernel + "-" + feature + "-" + type + "-d" + headDim;
                        FusedKernel.LIBRARY.variant(name + "-sm_80");
                        count++;
                        if (type.endsWith("16") && (headDim == 64 || headDim == 128) && !feature.startsWith("dropout")) {
                            FusedKernel.LIBRARY.variant(name + "-sm_90a");
                            count++;
                        }
                    }
                }
            }
        }
        for (String kernel : List.of("forward", "backward_queries", "backward_keys")) {
            for (String type : List.of("bf16", "fp16")) {
                assertTrue(FusedKernel.LIBRARY.variant(kernel + "-wide-" + type + "-d128-sm_90a").persistent());
                count++;
            }
        }
        for (String arch : MANIFEST.architectures()) {
            FusedKernel.LIBRARY.variant("document_spans-" + arch);
            count++;
        }
        assertEquals(count, MANIFEST.kernels().size());
    }

    /** A tile that meets a multiple of the period holds the whole diagonal of the tile that it is met from. */
    @Test
    void tilesOfStridedPatternsHoldTheirDiagonal() {
        for (KernelLibrary.Variant variant : MANIFEST.kernels()) {
            if (variant.name().contains("-general") || variant.name().contains("-dropout")) {
                boolean byKeys = variant.name().startsWith("backward_keys");
                assertTrue(byKeys ? variant.queries() >= variant.keys() : variant.keys() >= variant.queries(), variant.name());
            }
        }
    }

    @Test
    void theCodeTakesWhatTheManifestSays() {
        KernelSources.assertCodeIsAsTheManifestSays(FusedKernel.LIBRARY);
    }

    @Test
    void theNewerCodeUsesTheNewerUnits() {
        for (KernelLibrary.Variant variant : MANIFEST.kernels()) {
            String ptx = FusedKernel.LIBRARY.ptx(variant);
            boolean newer = KernelSources.architecture(variant).equals("sm_90a");
            boolean attends = !variant.name().startsWith("document_spans");
            assertEquals(newer && attends, ptx.contains("wgmma.mma_async"), variant.name());
            assertEquals(newer && attends, ptx.contains("cp.async.bulk.tensor"), variant.name());
        }
    }

    @ParameterizedTest
    @CsvSource({"80, sm_80", "86, sm_80", "89, sm_80", "90, sm_90a", "100, sm_80", "120, sm_80"})
    void choosesTheCode(int computeCapability, String expected) {
        assertEquals(expected, FusedKernel.LIBRARY.architecture(computeCapability));
    }

    @ParameterizedTest
    @CsvSource({"forward-ranges-bf16-d64, 90, sm_90a", "forward-ranges-bf16-d64, 86, sm_80", "forward-ranges-bf16-d64, 100, sm_80",
        "forward-ranges-bf16-d256, 90, sm_80", "backward_keys-general-fp32-d64, 90, sm_80", "forward-dropout-bf16-d64, 90, sm_80",
        "document_spans, 90, sm_90a"})
    void choosesTheBestCodeOfAKernel(String kernel, int computeCapability, String expected) {
        assertEquals(kernel + "-" + expected, FusedKernel.LIBRARY.variantFor(kernel, computeCapability).name());
    }

    @Test
    void aKernelThatIsNotThereIsNamed() {
        assertEquals("there is no kernel forward-ranges-bf16-d64 for compute capability 75", assertThrows(IllegalStateException.class,
                () -> FusedKernel.LIBRARY.variantFor("forward-ranges-bf16-d64", 75)).getMessage());
    }
}
