package ai.spattention.kernel;

import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaKernel;
import ai.spattention.cuda.TensorView;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The fused kernel's code on one device: each variant is loaded (and assembled by the driver, once a machine) when first used. */
final class FusedModules {

    private static final Map<Integer, FusedModules> DEVICES = new ConcurrentHashMap<>();
    private static final FusedManifest MANIFEST = FusedManifest.load();

    private final CudaDevice device;
    private final String architecture;
    private final Map<String, Loaded> loaded = new ConcurrentHashMap<>();

    private record Loaded(FusedManifest.Variant variant, CudaKernel code) {}

    private FusedModules(CudaDevice device) {
        this.device = device;
        this.architecture = architecture(device.computeCapability());
    }

    static FusedModules of(int deviceIndex) {
        return DEVICES.computeIfAbsent(deviceIndex, index -> new FusedModules(CudaDevice.of(index)));
    }

    /** The code for a compute capability: what was compiled for just this one, else what runs on everything newer. */
    static String architecture(int computeCapability) {
        String chosen = null;
        for (Map.Entry<String, FusedManifest.Architecture> entry : MANIFEST.architectures.entrySet()) {
            FusedManifest.Architecture candidate = entry.getValue();
            if (candidate.exact && candidate.computeCapability == computeCapability) {
                return entry.getKey();
            }
            if (!candidate.exact && candidate.computeCapability <= computeCapability) {
                chosen = entry.getKey();
            }
        }
        return chosen;
    }

    static boolean isExact(int computeCapability) {
        return MANIFEST.architectures.values().stream()
                .anyMatch(candidate -> candidate.exact && candidate.computeCapability == computeCapability);
    }

    /**
     * Launches a variant.
     *
     * @param kernel forward, backward_queries or backward_keys
     * @param feature the variant's features
     * @param shape the sizes of the call
     * @param tensors the tensors by name
     * @param numbers the numbers by name
     */
    void launch(String kernel, String feature, AttentionShape shape, Map<String, TensorView> tensors,
            Map<String, Number> numbers) {
        String type = tensors.get("q").type() == TensorView.Type.BFLOAT16 ? "bf16" : "fp16";
        Loaded module = loaded.computeIfAbsent(
                kernel + "-" + feature + "-" + type + "-d" + shape.headDim() + "-" + architecture, this::load);
        boolean byKeys = kernel.equals("backward_keys");
        int rows = byKeys ? shape.keyLength() : shape.queryLength();
        int tile = byKeys ? module.variant.keys : module.variant.queries;
        module.code.launch(shape.numHeads(), (rows - 1) / tile + 1, shape.batch(), tensors, numbers);
    }

    private Loaded load(String name) {
        FusedManifest.Variant variant = MANIFEST.variant(name);
        return new Loaded(variant, new CudaKernel(device, variant.spec(), FusedManifest.ptx(variant)));
    }
}
