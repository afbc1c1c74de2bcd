package ai.spattention.row;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.KernelSources;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.api.Test;

class RowManifestTest {

    @Test
    void theCompiledCodeIsThatOfTheSources() throws Exception {
        KernelSources.assertCompiled(RowKernels.LIBRARY.manifest(), "build_rows.py");
    }

    @Test
    void everyVariantHasItsCode() {
        for (KernelLibrary.Variant variant : RowKernels.LIBRARY.manifest().kernels()) {
            String ptx = RowKernels.LIBRARY.ptx(variant);
            assertTrue(ptx.contains(".entry " + variant.entry() + "("), variant.name());
            assertTrue(ptx.contains(".target sm_80"), variant.name());
            assertTrue(variant.parameters().contains("scratch:pointer"), variant.name());
        }
    }

    @Test
    void aProcessorIsNotServed() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.ones(new Shape(2, 64));
            assertFalse(RowKernels.servesNorm(x));
            assertFalse(RowKernels.servesGate(Bfloat16.of(x), 64));
            assertFalse(RowKernels.servesCrossEntropy(Bfloat16.of(x), 64));
            assertFalse(RowKernels.servesRotation(Bfloat16.of(x), 64));
        }
    }
}
