package ai.spattention.spark;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.resource.ResourceInformation;

/**
 * A task of a barrier stage: one process of several that work together, with the variables of torchrun. Rank 0's machine is where they meet,
 * at a port that was free there a moment before.
 *
 * @param spattn how it is started
 * @param command what follows {@code spattn}
 * @param again whether it was started before, and goes on
 */
record BarrierRank(SpattnCommand spattn, LaunchedCommand command, boolean again) implements FlatMapFunction<Iterator<Integer>, Integer> {

    @Override
    public Iterator<Integer> call(Iterator<Integer> none) throws IOException {
        BarrierTaskContext task = BarrierTaskContext.get();
        String name = "rank " + task.partitionId();
        String port = task.allGather(task.partitionId() == 0 ? Integer.toString(freePort()) : "")[0];
        try (ChildProcess child = ChildProcess.start(name, spattn.with(again ? command.resumed() : command.arguments()), environment(task, port))) {
            ChildProcess.Ending ending = child.await(task::isInterrupted);
            if (ending.exitCode() != 0) {
                throw ChildFailedException.of(name, ending);
            }
        }
        return List.of(task.partitionId()).iterator();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static Map<String, String> environment(BarrierTaskContext task, String port) {
        List<String> hosts = IntStream.range(0, task.getTaskInfos().length).mapToObj(rank -> host(task.getTaskInfos()[rank].address())).toList();
        int rank = task.partitionId();
        String own = hosts.get(rank);
        Map<String, String> variables = new TreeMap<>(Map.of("RANK", Integer.toString(rank), "WORLD_SIZE", Integer.toString(hosts.size()),
                "MASTER_ADDR", hosts.get(0), "MASTER_PORT", port));
        ResourceInformation gpus = task.resourcesJMap().get("gpu");
        if (gpus == null) {
            variables.put("LOCAL_RANK", Long.toString(hosts.subList(0, rank).stream().filter(own::equals).count()));
            variables.put("LOCAL_WORLD_SIZE", Long.toString(hosts.stream().filter(own::equals).count()));
        } else { // the process sees no other GPU than that which Spark has set aside for it
            variables.put("CUDA_VISIBLE_DEVICES", String.join(",", gpus.addresses()));
            variables.put("LOCAL_RANK", "0");
            variables.put("LOCAL_WORLD_SIZE", "1");
        }
        return variables;
    }

    /** The host of an executor's address, which may have a port behind it. */
    static String host(String address) {
        int colon = address.lastIndexOf(':');
        boolean isPort = colon >= 0 && (address.indexOf(':') == colon || address.charAt(colon - 1) == ']');
        return (isPort ? address.substring(0, colon) : address).replaceAll("[\\[\\]]", "");
    }
}
