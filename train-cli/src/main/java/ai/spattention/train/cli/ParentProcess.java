package ai.spattention.train.cli;

import java.util.Optional;

/** Ends this process with the one that started it, however that ends: a worker of a cluster that was killed leaves nobody behind. */
final class ParentProcess {

    /** The environment's variable that holds the other process's id. */
    static final String VARIABLE = "SPATTN_PARENT_PID";

    private static final int KILLED = 137;

    private ParentProcess() {}

    /** Watches a process, named by its id; null for none. */
    static void endWith(String pid) {
        if (pid == null || !pid.matches("[0-9]{1,18}")) {
            return;
        }
        Optional<ProcessHandle> parent = ProcessHandle.of(Long.parseLong(pid));
        Thread watch = new Thread(() -> {
            parent.ifPresent(process -> process.onExit().join());
            Runtime.getRuntime().halt(KILLED);
        }, "parent-process");
        watch.setDaemon(true);
        watch.start();
    }
}
