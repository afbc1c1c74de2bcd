package ai.spattention.train.distributed;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.launch.ParentWatch;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Brings the processes of a run together.
 *
 * @param identity this process
 * @param backend by what they compute together
 * @param timeout how long a process waits for others, when they meet and in each collective
 * @param folder where {@code hang-rankN.json} goes when one waits in vain
 * @param console gets the line that says so
 * @param environment the process's environment, for the libraries' places
 */
public record Workers(WorkerIdentity identity, CollectiveBackend backend, Duration timeout, Path folder, Consumer<String> console,
        Map<String, String> environment) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PASSPORT_BYTES = 1 << 15; // MPI gathers as many of each

    /**
     * Meets the others. What comes back is watched: a collective that lasts longer than the timeout ends this process with exit code 1.
     *
     * @param device where the arrays are; a GPU is the process's own, see {@link RankDevice}
     * @param version the program's version, with those of libraries that matter
     * @param settings all settings that must be alike, by their keys
     * @param data a digest of the data; empty where there is none
     * @return the collectives; of one process without a launcher, which waits for nobody, if the identity's size is 1
     * @throws InvalidInputException if the processes do not fit together, or a library or the launcher's help is missing
     * @throws CollectiveException if a process does not come in time
     */
    public Collectives meet(Device device, String version, Map<String, String> settings, String data) {
        if (identity.size() == 1) {
            if (backend == CollectiveBackend.MPI) {
                throw new InvalidInputException("MPI was asked for, but no launcher started this process as one of several: start with"
                        + " 'mpiexec -n N', or leave the backend to 'auto'");
            }
            return new SingleProcess();
        }
        Passport passport = Passport.of(identity, version, settings, data);
        CollectiveBackend chosen = backend != CollectiveBackend.AUTO ? backend : device.isGpu() ? CollectiveBackend.NCCL : CollectiveBackend.MPI;
        if (device.isGpu() != (chosen == CollectiveBackend.NCCL)) {
            throw new InvalidInputException(chosen == CollectiveBackend.MPI ? "MPI computes in the host's memory, and the run is on " + device
                    + ": use NCCL, or --device cpu" : "NCCL needs GPUs, and the run is on the CPU: use MPI, or --device gpu");
        }
        return chosen == CollectiveBackend.NCCL ? byNccl(device, passport) : byMpi(passport);
    }

    private Collectives byNccl(Device device, Passport passport) {
        NcclApi nccl = NcclLibrary.load(environment);
        byte[] id = new Rendezvous(identity, timeout).meet(passport, () -> NcclCollectives.uniqueId(nccl));
        HangWatch watch = watch();
        try {
            return new WatchedCollectives(watch.open(() -> NcclCollectives.open(nccl, identity, id, CudaQueue.on(device.getDeviceId()),
                    NDManager.newBaseManager(device))), watch);
        } catch (RuntimeException | Error e) {
            watch.close();
            throw e;
        }
    }

    /** MPI's processes are together already: they show their passports by it. */
    private Collectives byMpi(Passport passport) {
        MpiLibrary library = MpiLibrary.load(environment);
        boolean endsOthers = !environment.containsKey(ParentWatch.VARIABLE); // 'spattn launch' ends them itself, without MPICH's words
        HangWatch watch = watch();
        try {
            MpiCollectives mpi = watch.open(() -> MpiCollectives.open(library, identity, MpiCollectives.LARGEST_COUNT, endsOthers));
            List<Passport> passports = watch.during("passports", 0, mpi::moment, () -> passports(mpi, passport));
            WatchedCollectives watched = new WatchedCollectives(mpi, watch);
            Passport.difference(passports).ifPresent(difference -> {
                watched.close(); // all ranks see the same, and leave together
                throw new InvalidInputException(difference);
            });
            return watched;
        } catch (RuntimeException | Error e) {
            watch.close();
            throw e;
        }
    }

    private static List<Passport> passports(MpiCollectives mpi, Passport own) {
        try {
            byte[] text = JSON.writeValueAsString(own).getBytes(StandardCharsets.UTF_8);
            if (text.length > PASSPORT_BYTES) {
                throw new IllegalArgumentException("a passport has at most " + PASSPORT_BYTES + " bytes (got " + text.length + ")");
            }
            List<Passport> passports = new ArrayList<>();
            for (byte[] one : mpi.gather(Arrays.copyOf(text, PASSPORT_BYTES))) {
                passports.add(JSON.readValue(new String(one, StandardCharsets.UTF_8).replace("\0", ""), Passport.class));
            }
            return passports;
        } catch (JsonProcessingException e) {
            throw new CollectiveException("the other ranks show no passports: they are of another version", e);
        }
    }

    private HangWatch watch() {
        return new HangWatch(identity, timeout, folder, console, new ProcessEnd());
    }
}
