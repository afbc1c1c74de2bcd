package ai.spattention.grouped;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.KernelSources;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.api.Test;

class GroupedManifestTest {

    @Test
    void theCompiledCodeIsThatOfTheSources() throws Exception {
        KernelSources.assertCompiled(ExpertRows.LIBRARY.manifest(), "build_grouped.py");
    }

    @Test
    void everyVariantHasItsCode() {
        for (KernelLibrary.Variant variant : ExpertRows.LIBRARY.manifest().kernels()) {
            String ptx = ExpertRows.LIBRARY.ptx(variant);
            assertTrue(ptx.contains(".entry " + variant.entry() + "("), variant.name());
            assertTrue(ptx.contains(".target " + variant.name().substring(variant.name().lastIndexOf('-') + 1)), variant.name());
            boolean product = variant.name().startsWith("rows") || variant.name().startsWith("matrices");
            boolean newer = variant.name().endsWith("sm_90a");
            assertEquals(product ? 128 : 0, variant.rows(), variant.name());
            assertEquals(product && newer, variant.persistent(), variant.name());
            assertEquals(product && newer, ptx.contains("wgmma.mma_async"), variant.name());
        }
    }

    @Test
    void aProcessorIsNotServed() {
        try (NDManager manager = NDManager.newBaseManager()) {
            assertFalse(ExpertRows.serves(Bfloat16.of(manager.ones(new Shape(2, 64))), 4, 64));
        }
    }
}
