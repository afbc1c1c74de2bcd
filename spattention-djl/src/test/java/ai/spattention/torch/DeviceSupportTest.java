package ai.spattention.torch;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceSupportTest {

    @Test
    void aDeviceThatIsNotThereIsNamed() {
        assertDoesNotThrow(() -> DeviceSupport.requirePresent(Device.cpu()));
        assertDoesNotThrow(() -> DeviceSupport.requirePresent(Device.gpu(3), 4));
        String asked = "the device gpu2 was asked for, but PyTorch sees ";
        String[] seen = {"no GPU: use the cpu, or PyTorch's libraries for CUDA", "one GPU only: use gpu0",
            "2 GPUs: choose from gpu0 to gpu1"};
        for (int gpus = 0; gpus < seen.length; gpus++) {
            int count = gpus;
            assertEquals(asked + seen[gpus], assertThrows(InvalidInputException.class,
                    () -> DeviceSupport.requirePresent(Device.gpu(2), count)).getMessage());
        }
    }

    @Test
    void aGpuWithoutANumberIsRefused() {
        assertEquals("the device gpu(-1) has no number: use Device.gpu() for the first GPU, or gpu0 as its name",
                assertThrows(InvalidInputException.class, () -> DeviceSupport.requirePresent(Device.fromName("gpu"), 2)).getMessage());
    }

    @Test
    void everyProcessorDoesBfloat16() {
        assertDoesNotThrow(() -> DeviceSupport.requireBfloat16(Device.cpu()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"80", "89", "90", "120"})
    void newGpusDo(String capability) {
        assertDoesNotThrow(() -> DeviceSupport.requireBfloat16(Device.gpu(), id -> capability));
    }

    @Test
    void olderGpusAreRefused() {
        InvalidInputException refusal = assertThrows(InvalidInputException.class,
                () -> DeviceSupport.requireBfloat16(Device.gpu(1), id -> id == 1 ? "75" : "90"));
        assertEquals("GPU 1 has compute capability 7.5, but bfloat16 needs 8.0 or more: set precision=float32", refusal.getMessage());
    }
}
