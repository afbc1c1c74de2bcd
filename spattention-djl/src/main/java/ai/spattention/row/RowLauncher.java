package ai.spattention.row;

import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaKernel;
import ai.spattention.cuda.TensorView;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The row kernels' code on one device; each variant is loaded when first used. */
final class RowLauncher {

    static final RowManifest MANIFEST = RowManifest.load();

    private static final Map<Integer, RowLauncher> DEVICES = new ConcurrentHashMap<>();

    private final CudaDevice device;
    private final Map<String, CudaKernel> loaded = new ConcurrentHashMap<>();

    private RowLauncher(CudaDevice device) {
        this.device = device;
    }

    static RowLauncher of(int deviceIndex) {
        return DEVICES.computeIfAbsent(deviceIndex, index -> new RowLauncher(CudaDevice.of(index)));
    }

    void launch(String variant, int programs, Map<String, TensorView> tensors, Map<String, Number> numbers) {
        loaded.computeIfAbsent(variant, name -> {
            RowManifest.Variant code = MANIFEST.variant(name);
            return new CudaKernel(device, code.spec(), RowManifest.ptx(code));
        }).launch(programs, 1, 1, tensors, numbers);
    }
}
