package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.train.machine.GpuName;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Where scores are computed, or were.
 *
 * @param devices their names
 * @param gpu what kind of GPU they are; empty if they are none
 */
record ScoredOn(String devices, Optional<String> gpu) {

    /** Devices of one kind. */
    static ScoredOn of(List<Device> devices) {
        return new ScoredOn(devices.stream().map(Device::toString).collect(Collectors.joining(", ")), GpuName.of(devices.get(0)));
    }

    /** The devices of a journal, of which the kind is known. */
    static ScoredOn kind(String kind) {
        return kind.equals(Device.cpu().getDeviceType()) ? of(List.of(Device.cpu())) : new ScoredOn(Device.Type.GPU, Optional.of(kind));
    }

    /** What scores depend on. */
    String kind() {
        return gpu.orElse(Device.cpu().getDeviceType());
    }
}
