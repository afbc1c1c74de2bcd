package ai.spattention.train.launch;

import java.util.Map;
import java.util.TreeMap;

/**
 * Who a worker is, told by the variables that torchrun sets.
 *
 * @param settings the launch
 * @param attempt 0, or the restart's number
 * @param masterHost where rank 0 is
 * @param masterPort the port that is rank 0's to listen on
 */
record WorkerVariables(LaunchSettings settings, int attempt, String masterHost, int masterPort) {

    /** Those that another launcher set for this process would make a worker take itself for that one. */
    private static final String[] OTHERS = {"PMI_", "PMIX_", "OMPI_", "PRTE_", "PALS_", "MPI_", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS", "PET_",
        ParentWatch.VARIABLE};

    /** What a worker's environment must not have from its launcher's. */
    static boolean isOthers(String name) {
        for (String prefix : OTHERS) {
            if (name.startsWith(prefix)) {
                return true;
            }
        }
        return false;
    }

    int rank(int local) {
        return settings.node() * settings.processes(attempt) + local;
    }

    Map<String, String> of(int local) {
        int here = settings.processes(attempt);
        Map<String, String> variables = new TreeMap<>(Map.of("RANK", text(rank(local)), "WORLD_SIZE", text(settings.nodes() * here),
                "LOCAL_RANK", text(local), "LOCAL_WORLD_SIZE", text(here), "GROUP_RANK", text(settings.node()), "MASTER_ADDR", masterHost,
                "MASTER_PORT", text(masterPort), "TORCHELASTIC_RESTART_COUNT", text(attempt),
                "TORCHELASTIC_MAX_RESTARTS", text(settings.maxRestarts()), ParentWatch.VARIABLE, ParentWatch.BY_INPUT));
        variables.putAll(ProcessorShare.of(here));
        return variables;
    }

    private static String text(int number) {
        return Integer.toString(number);
    }
}
