package ai.spattention.train.launch;

/**
 * Why an attempt failed, on whichever machine.
 *
 * @param code the exit code that it gives the run
 * @param text what happened, for a person
 * @param isFinal whether nobody may begin again: the input is bad, or a launcher is gone
 */
record Failure(int code, String text, boolean isFinal) {

    static Failure of(WorkerEnd end) {
        return new Failure(end.exitCode(), end.toString(), end.isBadInput());
    }

    static Failure launcherGone(int node) {
        return new Failure(1, "the launcher of node " + node + " is gone", true);
    }
}
