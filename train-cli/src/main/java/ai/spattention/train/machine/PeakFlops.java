package ai.spattention.train.machine;

import ai.djl.Device;
import ai.spattention.Precision;
import ai.spattention.train.config.RunConfig;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/**
 * The most floating-point operations a second that a device can do, as its maker states them: dense matrix products, without
 * sparsity. Training in float32 uses no TensorFloat-32, so that the plain float32 figure counts for it.
 */
public final class PeakFlops {

    private static final double TERA = 1e12;

    /**
     * A kind of GPU.
     *
     * @param name matches the driver's name for it
     * @param half TFLOP/s in bfloat16, or in float16 where the GPU has no bfloat16
     * @param single TFLOP/s in float32
     */
    private record Gpu(Pattern name, double half, double single) {

        Gpu(String name, double half, double single) {
            this(Pattern.compile("\\b" + name + "\\b"), half, single);
        }
    }

    /** The first that matches counts. */
    private static final List<Gpu> KNOWN = List.of(
            new Gpu("B200", 2250, 75),
            new Gpu("H200 NVL", 836, 60),
            new Gpu("G?H200", 989, 67),
            new Gpu("H100 PCIe", 756, 51),
            new Gpu("H100 NVL", 835, 60),
            new Gpu("H100", 989, 67),
            new Gpu("A100", 312, 19.5),
            new Gpu("A10", 125, 31.2),
            new Gpu("A30", 165, 10.3),
            new Gpu("A40", 149.7, 37.4),
            new Gpu("L4", 121, 30.3),
            new Gpu("L40S", 362, 91.6),
            new Gpu("L40", 181, 90.5),
            new Gpu("RTX 3090", 71, 35.6),
            new Gpu("RTX 4090", 165.2, 82.6),
            new Gpu("V100.*PCIE", 112, 14),
            new Gpu("V100", 125, 15.7),
            new Gpu("T4", 65, 8.1));

    private PeakFlops() {}

    /**
     * The peak that a run's throughput is compared with.
     *
     * @param run the run's configuration; its {@code training.peak_tflops} wins over what is known
     * @param device where it computes
     * @return operations a second; empty for a CPU or an unknown GPU without that key
     */
    public static OptionalDouble of(RunConfig run, Device device) {
        Double given = run.training().peakTflops();
        if (given != null) {
            return OptionalDouble.of(given * TERA);
        }
        return GpuName.of(device).map(name -> of(name, run.precision())).orElse(OptionalDouble.empty());
    }

    static OptionalDouble of(String gpu, Precision precision) {
        return KNOWN.stream().filter(known -> known.name.matcher(gpu).find())
                .mapToDouble(known -> TERA * (precision == Precision.FLOAT32 ? known.single : known.half)).findFirst();
    }
}
