package ai.spattention.attention;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.function.Function;

/** Managers for the arrays of plans, which outlive the calls that they are made for. */
public final class PlanMemory {

    private PlanMemory() {}

    /**
     * Makes a plan that owns a new manager; a plan that cannot be made leaves none.
     *
     * @param name the manager's name
     * @param device where its arrays lie
     * @param build makes the plan of the manager, which it closes when it is dropped
     * @param <P> the plan
     * @return the plan
     */
    public static <P> P with(String name, Device device, Function<NDManager, P> build) {
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
