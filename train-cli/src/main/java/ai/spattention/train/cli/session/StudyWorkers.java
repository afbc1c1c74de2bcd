package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.train.config.DeviceRequest;
import ai.spattention.train.launch.ProcessorShare;
import ai.spattention.train.launch.StopRequests;
import ai.spattention.train.study.run.WorkerExecutor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * A study's processes, one for each device, until they are closed. SIGINT, SIGTERM and SIGHUP ask them to leave their runs, so that another
 * call goes on; a second one kills them.
 */
public final class StudyWorkers implements BooleanSupplier, AutoCloseable {

    private static final int SIGNALLED = 128;

    private final List<WorkerExecutor> executors;
    private final AtomicInteger signal = new AtomicInteger();
    private final StopRequests requests;

    /**
     * Begins to watch for signals; processes start with their first runs.
     *
     * @param executors the processes
     */
    public StudyWorkers(List<WorkerExecutor> executors) {
        this.executors = List.copyOf(executors);
        requests = StopRequests.watch(this::stop);
    }

    /**
     * Workers on devices of this machine.
     *
     * @param devices the devices
     * @param program the command of this program
     * @param data prepared data that the runs learn from
     */
    public static StudyWorkers on(List<Device> devices, List<String> program, Path data) {
        Map<String, String> share = ProcessorShare.of(devices.size());
        return new StudyWorkers(devices.stream().map(device -> {
            String name = DeviceRequest.nameOf(device);
            List<String> command = new ArrayList<>(program);
            command.addAll(List.of("study-worker", "--device", name, "--shards", data.toString()));
            return new WorkerExecutor(name, command, share, StudySession::note);
        }).toList());
    }

    List<WorkerExecutor> executors() {
        return executors;
    }

    private void stop(int number) {
        if (!signal.compareAndSet(0, number)) {
            executors.forEach(WorkerExecutor::kill);
        }
    }

    /** Whether this process was asked to end. */
    @Override
    public boolean getAsBoolean() {
        return signal.get() != 0;
    }

    /** What this process ends with: 128 and the signal's number, if one came. */
    int exitCode(int otherwise) {
        return getAsBoolean() ? SIGNALLED + signal.get() : otherwise;
    }

    @Override
    public void close() {
        executors.forEach(WorkerExecutor::close);
        requests.close();
    }
}
