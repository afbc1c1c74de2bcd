package ai.spattention.kernel;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.spattention.kernel.KernelAgreement.Sizes;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kernels in bfloat16 on a CPU against the masked one in float32. */
class ShortTypesTest {

    private static final List<Sizes> SIZES = List.of(
            new Sizes(1, 1, 1, 1, 8, true),
            new Sizes(2, 4, 4, 47, 16, true),
            new Sizes(1, 6, 2, 130, 8, false));

    private final AttentionKernel masked = new MaskedKernel();

    @ParameterizedTest
    @EnumSource(StandardPattern.class)
    void agreesWithFloat32(StandardPattern pattern) {
        for (AttentionKernel kernel : List.of(masked, new TiledKernel(16))) {
            for (Sizes sizes : SIZES) {
                agreement(pattern).check(kernel, masked, sizes, false, 1e-2);
                agreement(pattern).check(kernel, masked, sizes, true, 1e-2);
            }
        }
    }

    @Test
    void denseAgreesWithFloat32() {
        for (Sizes sizes : SIZES) {
            agreement(StandardPattern.CAUSAL).check(new DenseKernel(), masked, sizes, false, 1e-2);
            agreement(StandardPattern.CAUSAL).check(new DenseKernel(), masked, sizes, true, 1e-2);
        }
    }

    private static KernelAgreement agreement(StandardPattern pattern) {
        return new KernelAgreement(Device.cpu(), new AttentionLayout(pattern, LayoutLength.SEQUENCE), DataType.BFLOAT16);
    }
}
