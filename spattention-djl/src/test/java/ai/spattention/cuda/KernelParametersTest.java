package ai.spattention.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a launch hands to the driver. */
class KernelParametersTest {

    private static final List<String> DECLARED = List.of("q:map", "q.size1:i32", "q.stride0:i64", "k:pointer", "k_head:i64", "N:i32",
            "scale:f32", "count:i64", "scratch:pointer");
    private static final List<String> SOURCES = List.of("q", "k", "N", "scale", "count");

    private static TensorView tensor(long address) {
        return new TensorView(address, TensorView.Type.FLOAT16, 0, new long[] {2, 3, 5, 64}, new long[] {960, 64, 192, 1});
    }

    private static void write(ByteBuffer values, TensorView[] tensors, Number[] numbers) {
        new KernelParameters("forward", DECLARED, SOURCES::indexOf).write(values, tensors, numbers);
    }

    @Test
    void everyValueLiesInItsPlace() {
        KernelParameters parameters = new KernelParameters("forward", DECLARED, SOURCES::indexOf);
        assertEquals(SOURCES, KernelParameters.sources(DECLARED));
        assertArrayEquals(new int[] {0, 128, 192, 256, 320, 384, 448, 512, 576}, parameters.offsets());
        assertEquals(640, parameters.bytes());
        assertEquals(List.of(new KernelParameters.TensorMap("q", 0, 0)), parameters.maps());
        ByteBuffer values = ByteBuffer.allocate(parameters.bytes()).order(ByteOrder.nativeOrder());
        write(values, new TensorView[] {tensor(1L << 40), tensor(1L << 41), null, null, null}, new Number[] {null, null, 5, 0.125, 1L << 33});
        assertEquals(3, values.getInt(128));
        assertEquals(960, values.getLong(192));
        assertEquals(1L << 41, values.getLong(256));
        assertEquals(64, values.getLong(320));
        assertEquals(5, values.getInt(384));
        assertEquals(0.125f, values.getFloat(448));
        assertEquals(1L << 33, values.getLong(512));
        assertEquals(0, values.getLong(576), "scratch memory is null");
        assertEquals(0, values.getLong(0), "the driver writes maps");
    }

    @Test
    void whatIsMissingIsNamed() {
        ByteBuffer values = ByteBuffer.allocate(640);
        Number[] numbers = {null, null, 5, 0.125, 1};
        assertEquals("kernel forward was given no 'k'", assertThrows(CudaException.class,
                () -> write(values, new TensorView[] {tensor(16), null, null, null, null}, numbers)).getMessage());
        assertEquals("a kernel's parameter is of unknown type: N:f64", assertThrows(CudaException.class,
                () -> new KernelParameters("forward", List.of("N:f64"), name -> 0)).getMessage());
    }
}
