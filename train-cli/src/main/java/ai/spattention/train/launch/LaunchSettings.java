package ai.spattention.train.launch;

import ai.spattention.common.InvalidInputException;

/**
 * Which processes a run has.
 *
 * @param processes how many on this machine, at least 1
 * @param nodes how many machines, each with as many
 * @param node this one, from 0
 * @param master where node 0's launcher listens; null for one machine
 * @param maxRestarts how often a run that failed goes on, at least 0
 * @param restartProcesses how many processes a machine it then has, from 1 to {@code processes}
 */
public record LaunchSettings(int processes, int nodes, int node, Address master, int maxRestarts, int restartProcesses) {

    /**
     * Checks them.
     *
     * @throws InvalidInputException if they do not fit each other
     */
    public LaunchSettings {
        require(processes >= 1, "--processes must be at least 1 (got " + processes + ")");
        require(nodes >= 1, "--nodes must be at least 1 (got " + nodes + ")");
        require(node >= 0 && node < nodes, "--node-rank must be from 0 to " + (nodes - 1) + ", one less than --nodes (got " + node + ")");
        require(nodes == 1 || master != null, "--nodes " + nodes + " needs --master HOST:PORT, the machine of --node-rank 0, on all of them");
        require(maxRestarts >= 0, "--max-restarts must be at least 0 (got " + maxRestarts + ")");
        require(restartProcesses >= 1 && restartProcesses <= processes, "--restart-processes must be from 1 to --processes, " + processes
                + " (got " + restartProcesses + ")");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new InvalidInputException(otherwise);
        }
    }

    /** How many processes of this machine an attempt has; the first is attempt 0. */
    int processes(int attempt) {
        return attempt == 0 ? processes : restartProcesses;
    }

    /** What all machines have to be started with alike. */
    String common() {
        return "--nodes " + nodes + " --processes " + processes + " --max-restarts " + maxRestarts + " --restart-processes " + restartProcesses;
    }

    /**
     * A host and a port on it.
     *
     * @param host its name or number
     * @param port the port; the one after it is used, too
     */
    public record Address(String host, int port) {

        private static final int HIGHEST = 65_534;

        /**
         * Reads one.
         *
         * @param text HOST:PORT; an IPv6 address in brackets
         * @return the address
         * @throws InvalidInputException if it is none
         */
        public static Address of(String text) {
            int colon = text.lastIndexOf(':');
            String host = colon < 0 ? text : text.substring(0, colon);
            String port = colon < 0 ? "" : text.substring(colon + 1);
            boolean bare = host.contains(":") && !(host.startsWith("[") && host.endsWith("]"));
            if (host.isEmpty() || bare || !port.matches("\\d{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > HIGHEST) {
                throw new InvalidInputException("--master must be HOST:PORT with a port from 1 to " + HIGHEST + ", for example node0:29500 (got '"
                        + text + "')");
            }
            return new Address(host.replaceAll("[\\[\\]]", ""), Integer.parseInt(port));
        }

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }
}
