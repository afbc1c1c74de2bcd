package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceRequestTest {

    private static String refused(String request, int gpus) {
        return assertThrows(InvalidInputException.class, () -> DeviceRequest.of(request).resolve(gpus)).getMessage();
    }

    @Test
    void findsDevices() {
        assertEquals(Device.cpu(), DeviceRequest.of("cpu").resolve(2));
        assertEquals(Device.cpu(), DeviceRequest.of("auto").resolve(0));
        assertEquals(Device.gpu(0), DeviceRequest.of("AUTO").resolve(2));
        assertEquals(Device.gpu(0), DeviceRequest.of("gpu").resolve(1));
        assertEquals(Device.gpu(1), DeviceRequest.of("gpu:1").resolve(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "auto", "gpu", "gpu:3"})
    void isWrittenAsItIsRead(String text) {
        assertEquals(text, DeviceRequest.of(text).toString());
    }

    @Test
    void saysPlainlyWhichGpuIsNotThere() {
        assertEquals("--device gpu:1 was asked for, but PyTorch sees one GPU only: use gpu:0", refused("gpu:1", 1));
        assertEquals("--device gpu:2 was asked for, but PyTorch sees 2 GPUs: choose from gpu:0 to gpu:1", refused("gpu:2", 2));
        assertTrue(refused("gpu", 0).contains("PyTorch sees no GPU"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpu:", "gpu:-1", "gpu:0,1", "gpu:0,gpu:1", "gpus", "cuda", "", "gpu:99999999999"})
    void refusesWhatIsNotOneDevice(String text) {
        assertTrue(refused(text, 1).contains("a run uses one GPU"));
    }
}
