package ai.spattention.kernel;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.spattention.kernel.KernelAgreement.Sizes;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kernels for a GPU against the masked kernel in float32. */
class WindowKernelGpuTest {

    private static final List<Sizes> SIZES = List.of(
            new Sizes(1, 1, 1, 1, 64, true),
            new Sizes(3, 5, 5, 17, 128, true),
            new Sizes(1, 16, 16, 127, 64, false),
            new Sizes(3, 2, 2, 127, 128, true),
            new Sizes(2, 16, 4, 127, 64, true),
            new Sizes(1, 6, 2, 300, 8, false),
            new Sizes(1, 2, 1, 64, 256, true),
            new Sizes(1, 16, 16, 1000, 128, true));

    @BeforeEach
    void aGpuIsHere() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    @ParameterizedTest
    @EnumSource(value = StandardPattern.class, names = {"CAUSAL", "EXCLUSIVE", "LOCAL", "GAPPED"})
    void windowAgreesWithMasked(StandardPattern pattern) {
        for (DataType type : List.of(DataType.BFLOAT16, DataType.FLOAT16)) {
            for (Sizes sizes : SIZES) {
                for (LayoutLength length : List.of(LayoutLength.SEQUENCE, LayoutLength.of(200))) {
                    agreement(pattern, length, type).check(new WindowKernel(), new MaskedKernel(), sizes, false, 1e-2);
                }
            }
        }
    }

    @Test
    void denseAgreesWithMasked() {
        for (Sizes sizes : SIZES) {
            agreement(StandardPattern.CAUSAL, LayoutLength.SEQUENCE, DataType.BFLOAT16)
                    .check(new DenseKernel(), new MaskedKernel(), sizes, false, 1e-2);
        }
    }

    @ParameterizedTest
    @EnumSource(StandardPattern.class)
    void tiledAgreesWithMasked(StandardPattern pattern) {
        for (Sizes sizes : SIZES) {
            agreement(pattern, LayoutLength.SEQUENCE, DataType.BFLOAT16)
                    .check(new TiledKernel(), new MaskedKernel(), sizes, false, 1e-2);
        }
    }

    private static KernelAgreement agreement(StandardPattern pattern, LayoutLength length, DataType type) {
        return new KernelAgreement(Device.gpu(), new AttentionLayout(pattern, length), type);
    }
}
