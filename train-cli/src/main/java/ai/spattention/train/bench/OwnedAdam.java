package ai.spattention.train.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Adam;
import java.util.Map;
import java.util.function.Function;

/** DJL's Adam with its default settings. DJL leaves the moments to nobody, so that they stay in memory; here a manager owns them. */
final class OwnedAdam extends Adam {

    private final NDManager owner;

    /**
     * Creates an optimizer.
     *
     * @param owner what closes the moments
     */
    OwnedAdam(NDManager owner) {
        super(builder());
        this.owner = owner;
    }

    @Override
    protected NDArray withDefaultState(Map<String, Map<Device, NDArray>> state, String key, Device device,
            Function<String, NDArray> initial) {
        NDArray moment = super.withDefaultState(state, key, device, initial);
        if (moment.getManager() != owner) {
            moment.attach(owner);
        }
        return moment;
    }
}
