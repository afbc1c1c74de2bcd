package ai.spattention.train.distributed;

import ai.spattention.common.InvalidInputException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What srun tells a task, by the manual srun(1), "OUTPUT ENVIRONMENT VARIABLES".
 *
 * <p>Not everything that runs inside an allocation is a task of it. A batch script has SLURM_PROCID=0 and the SLURM_NTASKS of the allocation, but no
 * SLURM_STEP_ID; neither has a shell of salloc. Where a site lets salloc open its shell on a node (use_interactive_step), that
 * shell has SLURM_STEP_ID=4294967290 (0xfffffffa). Slurm numbers ordinary steps from 0 on; its own, of which this is one, lie above 0xfffffff0.
 * None of these is a rank: what they start with srun is. The size is the step's (SLURM_STEP_NUM_TASKS), for SLURM_NTASKS may be the allocation's.
 */
final class SlurmStep {

    private static final long FIRST_OF_SLURMS_OWN = 0xfffffff0L;

    // below the ports that Linux gives to outgoing connections (from 32768 on), above those that services have
    private static final int FIRST_PORT = 20_000;
    private static final int PORTS = 12_000;

    private static final Pattern TASKS = Pattern.compile("(\\d{1,9})(?:\\(x(\\d{1,9})\\))?");

    private SlurmStep() {}

    static Optional<WorkerIdentity> identity(Variables variables) {
        if (!variables.has("SLURM_PROCID") || !isOrdinary(variables.firstOf("SLURM_STEP_ID", "SLURM_STEPID"))) {
            return Optional.empty();
        }
        int rank = variables.number("SLURM_PROCID");
        int size = variables.number(variables.has("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS");
        if (size == 1) {
            return Optional.of(WorkerIdentity.SINGLE);
        }
        if (variables.has("SLURM_PTY_PORT")) {
            throw new InvalidInputException("this shell is one of " + size + " tasks of 'srun --pty', and the others have none: ask for one"
                    + " (--ntasks 1), or start the tasks with srun");
        }
        int localRank = variables.number("SLURM_LOCALID");
        String address = variables.has("MASTER_ADDR") ? variables.text("MASTER_ADDR")
                : firstHost(variables.firstOf("SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"));
        return Optional.of(new WorkerIdentity(rank, size, localRank, localSize(variables, size), address,
                variables.has("MASTER_PORT") ? variables.number("MASTER_PORT") : port(variables)));
    }

    private static boolean isOrdinary(String step) {
        return step.matches("\\d{1,10}") && Long.parseLong(step) < FIRST_OF_SLURMS_OWN;
    }

    /** How many tasks this node has, by a list as 2(x3),1 has it: two each on the first three nodes, one on the fourth. */
    private static int localSize(Variables variables, int size) {
        String list = variables.firstOf("SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE");
        if (list.isEmpty()) {
            return variables.has("SLURM_NTASKS_PER_NODE") ? Math.min(size, variables.number("SLURM_NTASKS_PER_NODE")) : size;
        }
        int left = variables.number("SLURM_NODEID");
        for (String group : list.split(",", -1)) {
            Matcher tasks = TASKS.matcher(group);
            if (!tasks.matches()) {
                break;
            }
            int nodes = tasks.group(2) == null ? 1 : Integer.parseInt(tasks.group(2));
            if (left < nodes) {
                return Integer.parseInt(tasks.group(1));
            }
            left -= nodes;
        }
        throw new InvalidInputException("SLURM_STEP_TASKS_PER_NODE does not tell how many tasks node " + variables.text("SLURM_NODEID")
                + " has (got '" + list + "')");
    }

    /** The first of a list as rack[1-2]n[03,07],login has it, which is where task 0 runs. */
    private static String firstHost(String list) {
        StringBuilder host = new StringBuilder();
        boolean inRange = false;
        boolean skipped = false;
        for (int i = 0; i < list.length(); i++) {
            char c = list.charAt(i);
            if (c == ',' && !inRange) {
                break;
            } else if (c == '[' || c == ']') {
                inRange = c == '[';
                skipped = false;
            } else if (inRange && (c == ',' || c == '-')) {
                skipped = true;
            } else if (!skipped) {
                host.append(c);
            }
        }
        if (host.isEmpty()) {
            throw new InvalidInputException("neither MASTER_ADDR nor SLURM_STEP_NODELIST names a host: set MASTER_ADDR to that of rank 0");
        }
        return host.toString();
    }

    /** Alike in all tasks; two steps of a job, and most jobs of a node, get different ones. */
    private static int port(Variables variables) {
        String step = variables.firstOf("SLURM_JOB_ID", "SLURM_JOBID") + "." + variables.firstOf("SLURM_STEP_ID", "SLURM_STEPID");
        return FIRST_PORT + Math.floorMod(step.hashCode(), PORTS);
    }
}
