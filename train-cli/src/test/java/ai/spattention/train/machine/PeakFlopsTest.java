package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.spattention.Precision;
import ai.spattention.train.SmallData;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeakFlopsTest {

    @ParameterizedTest
    @CsvSource({"NVIDIA H200, 67", "NVIDIA H200 NVL, 60", "NVIDIA GH200 480GB, 67", "NVIDIA H100 80GB HBM3, 67",
        "NVIDIA H100 PCIe, 51", "NVIDIA H100 NVL, 60", "NVIDIA B200, 75", "NVIDIA A100-SXM4-80GB, 19.5",
        "NVIDIA A100 80GB PCIe, 19.5", "NVIDIA A10, 31.2", "NVIDIA A40, 37.4", "NVIDIA L4, 30.3", "NVIDIA L40S, 91.6",
        "NVIDIA L40, 90.5", "NVIDIA GeForce RTX 4090, 82.6", "Tesla V100-SXM2-16GB, 15.7", "Tesla V100-PCIE-32GB, 14",
        "Tesla T4, 8.1"})
    void knowsCommonGpus(String name, double teraflops) {
        assertEquals(teraflops * 1e12, PeakFlops.of(name, Precision.FLOAT32).orElseThrow(), 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"NVIDIA A10G", "NVIDIA GeForce GTX 1080", "NVIDIA T400", "NVIDIA L20", ""})
    void makesNoFigureUp(String name) {
        assertEquals(OptionalDouble.empty(), PeakFlops.of(name, Precision.FLOAT32));
    }

    @Test
    void aCpuHasAPeakOnlyIfGiven() {
        assertEquals(OptionalDouble.empty(), PeakFlops.of(SmallData.config(Path.of("data")), Device.cpu()));
        assertEquals(OptionalDouble.of(2.5e12),
                PeakFlops.of(SmallData.config(Path.of("data"), "training.peak_tflops=2.5"), Device.cpu()));
    }
}
