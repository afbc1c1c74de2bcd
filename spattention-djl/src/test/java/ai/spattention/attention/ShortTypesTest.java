package ai.spattention.attention;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.spattention.attention.KernelAgreement.Sizes;
import ai.spattention.attention.engine.DenseKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kernels in 16 bits on a CPU against the masked one in float32. */
class ShortTypesTest {

    private static final List<DataType> TYPES = List.of(DataType.BFLOAT16, DataType.FLOAT16);

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
                for (DataType type : TYPES) {
                    agreement(pattern, type).check(kernel, masked, sizes, false, 1e-2);
                    agreement(pattern, type).check(kernel, masked, sizes, true, 1e-2);
                }
            }
        }
    }

    @Test
    void denseAgreesWithFloat32() {
        for (Sizes sizes : SIZES) {
            for (DataType type : TYPES) {
                agreement(StandardPattern.CAUSAL, type).check(new DenseKernel(), masked, sizes, false, 1e-2);
                agreement(StandardPattern.CAUSAL, type).check(new DenseKernel(), masked, sizes, true, 1e-2);
            }
        }
    }

    private static KernelAgreement agreement(StandardPattern pattern, DataType type) {
        return new KernelAgreement(Device.cpu(), new AttentionLayout(pattern, LayoutLength.SEQUENCE), type);
    }
}
