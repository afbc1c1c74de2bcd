package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.KernelSources;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which variants there are, and which of them a GPU gets. */
class FusedManifestTest {

    private static final KernelLibrary.Manifest MANIFEST = BandedAttention.LIBRARY.manifest();

    @Test
    void everyVariantIsThere() {
        int count = 0;
        for (String kernel : List.of("forward", "backward_queries", "backward_keys")) {
            for (String feature : List.of("ranges", "ranges_documents", "general", "general_documents", "dropout", "dropout_documents")) {
                for (String type : List.of("bf16", "fp16", "fp32", "tf32")) {
                    for (int headDim : new int[] {32, 64, 128, 256}) {
                        String name = kernel + "-" + feature + "-" + type + "-d" + headDim;
                        BandedAttention.LIBRARY.variant(name + "-sm_80");
                        count++;
                        if (type.endsWith("16") && (headDim == 64 || headDim == 128) && !feature.startsWith("dropout")) {
                            BandedAttention.LIBRARY.variant(name + "-sm_90a");
                            count++;
                        }
                    }
                }
            }
        }
        for (String type : List.of("bf16", "fp16")) {
            for (String kernel : List.of("forward", "backward_queries", "backward")) {
                assertTrue(BandedAttention.LIBRARY.variant(kernel + "-wide-" + type + "-d128-sm_90a").persistent());
                count++;
            }
            for (String kernel : List.of("delta_rows", "finish_queries")) {
                assertFalse(BandedAttention.LIBRARY.variant(kernel + "-wide-" + type + "-d128-sm_80").persistent());
                count++;
            }
        }
        for (String arch : MANIFEST.architectures()) {
            BandedAttention.LIBRARY.variant("document_spans-" + arch);
            count++;
        }
        for (int headDim : new int[] {32, 64, 128, 256}) {
            BandedAttention.LIBRARY.variant("sum_shared_heads-d" + headDim + "-sm_80");
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
    void theNewerCodeUsesTheNewerUnits() {
        for (KernelLibrary.Variant variant : MANIFEST.kernels()) {
            String ptx = BandedAttention.LIBRARY.ptx(variant);
            boolean newer = KernelSources.architecture(variant).equals("sm_90a");
            boolean attends = !variant.name().startsWith("document_spans") && !variant.name().startsWith("sum_shared_heads");
            assertEquals(newer && attends, ptx.contains("wgmma.mma_async"), variant.name());
            assertEquals(newer && attends, ptx.contains("cp.async.bulk.tensor"), variant.name());
        }
    }

    @ParameterizedTest
    @CsvSource({"80, sm_80", "86, sm_80", "89, sm_80", "90, sm_90a", "100, sm_80", "120, sm_80"})
    void choosesTheCode(int computeCapability, String expected) {
        assertEquals(expected, BandedAttention.LIBRARY.architecture(computeCapability));
    }

    @ParameterizedTest
    @CsvSource({"forward-ranges-bf16-d64, 90, sm_90a", "forward-ranges-bf16-d64, 86, sm_80", "forward-ranges-bf16-d64, 100, sm_80",
        "forward-ranges-bf16-d256, 90, sm_80", "backward_keys-general-fp32-d64, 90, sm_80", "forward-dropout-bf16-d64, 90, sm_80",
        "document_spans, 90, sm_90a"})
    void choosesTheBestCodeOfAKernel(String kernel, int computeCapability, String expected) {
        assertEquals(kernel + "-" + expected, BandedAttention.LIBRARY.variantFor(kernel, computeCapability).name());
    }

    @Test
    void aKernelThatIsNotThereIsNamed() {
        assertEquals("there is no kernel forward-ranges-bf16-d64 for compute capability 75", assertThrows(IllegalStateException.class,
                () -> BandedAttention.LIBRARY.variantFor("forward-ranges-bf16-d64", 75)).getMessage());
    }
}
