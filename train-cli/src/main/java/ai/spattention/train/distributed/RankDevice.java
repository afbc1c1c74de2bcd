package ai.spattention.train.distributed;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import java.util.Map;

/** Which GPU a process has. */
public final class RankDevice {

    private RankDevice() {}

    /**
     * The GPU of a process: that of its number on its host. A launcher that shows each process one GPU alone (by CUDA_VISIBLE_DEVICES, as Slurm does
     * for {@code --gpus-per-task}) has chosen already; NCCL refuses two processes on one GPU.
     *
     * @param identity the process
     * @param gpuCount how many GPUs this process sees
     * @param environment the process's environment
     * @return the GPU
     * @throws InvalidInputException if there are more processes on this host than GPUs
     */
    public static Device gpu(WorkerIdentity identity, int gpuCount, Map<String, String> environment) {
        String visible = environment.getOrDefault("CUDA_VISIBLE_DEVICES", "").strip();
        if (gpuCount == 1 && !visible.isEmpty() && !visible.contains(",")) {
            return Device.gpu(0);
        }
        if (identity.localSize() > gpuCount) {
            throw new InvalidInputException(identity.localSize() + " processes on " + Passport.hostName() + " are more than its "
                    + gpuCount + (gpuCount == 1 ? " GPU" : " GPUs") + ": each needs one of its own; start fewer, or use --device cpu");
        }
        return Device.gpu(identity.localRank());
    }
}
