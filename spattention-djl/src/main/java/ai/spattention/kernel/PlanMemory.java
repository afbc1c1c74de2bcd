package ai.spattention.kernel;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.function.Function;

/** Managers for the arrays of plans, which outlive the calls that they are made for. */
final class PlanMemory {

    private PlanMemory() {}

    /** Makes a plan that owns a new manager; a plan that cannot be made leaves none. */
    static <P> P with(String name, Device device, Function<NDManager, P> build) {
        NDManager manager = NDManager.newBaseManager(device, "PyTorch");
        manager.setName(name);
        try {
            return build.apply(manager);
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }
}
