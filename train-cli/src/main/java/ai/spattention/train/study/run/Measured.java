package ai.spattention.train.study.run;

import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.train.study.result.HeldOutLoss;
import ai.spattention.train.study.result.Measurement;
import ai.spattention.train.study.result.MeasurementName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What probes gave, as a study keeps it: the losses of held-out texts by themselves, lengths and tasks as bins of one result, and the
 * control of recall apart from it.
 *
 * @param heldOut losses by the texts' names
 * @param probes the other results
 */
record Measured(Map<String, HeldOutLoss> heldOut, List<Measurement> probes) {

    private static final String LOSS = "loss";
    private static final String UNSEEN = "unseen";

    /** By what results are joined: name, layout and text. */
    private record Group(String probe, String layout, String set) {}

    static Measured of(List<ProbeResult> results) {
        Map<String, HeldOutLoss> heldOut = new LinkedHashMap<>();
        Map<Group, Measurement> probes = new LinkedHashMap<>();
        for (ProbeResult result : results) {
            switch (result.probe()) {
                case "loss" -> {
                    if (result.measure().equals(LOSS)) {
                        Bin all = result.bins().get(0);
                        heldOut.put(result.text(), new HeldOutLoss(all.moments(), bytesOf(results, result), all.windows()));
                    }
                }
                case "position" -> add(probes, result, MeasurementName.POSITION, true, bin -> bin);
                case "recall" -> {
                    add(probes, result, MeasurementName.RECALL, true, bin -> bin.label().startsWith("[") ? bin : null);
                    add(probes, result, MeasurementName.RECALL_CONTROL, true, bin -> bin.label().equals(UNSEEN) ? bin : null);
                }
                case "copy" -> add(probes, result, MeasurementName.COPY, false, bin -> bin);
                case "length" -> add(probes, result, MeasurementName.LENGTH, true, bin -> new Bin(Integer.toString(result.length()),
                        result.length(), result.length(), bin.moments(), bin.windows()));
                case "tasks" -> add(probes, result, switch (result.measure()) {
                    case "bits_per_byte" -> MeasurementName.TASK_BITS;
                    case "margin" -> MeasurementName.TASK_MARGIN;
                    default -> MeasurementName.TASK_ACCURACY;
                }, result.measure().equals("bits_per_byte"), bin -> new Bin(result.text(), 0, 0, bin.moments(), bin.windows()));
                default -> add(probes, result, result.probe(), true, bin -> bin);
            }
        }
        return new Measured(heldOut, List.copyOf(probes.values()));
    }

    /** The bytes stand in the settings of the same text's bits a byte. */
    private static long bytesOf(List<ProbeResult> results, ProbeResult loss) {
        return results.stream().filter(other -> other.probe().equals(LOSS) && other.text().equals(loss.text()))
                .flatMap(other -> Stream.ofNullable(other.settings().get("bytes"))).mapToLong(Long::parseLong).findFirst().orElse(0);
    }

    private static void add(Map<Group, Measurement> probes, ProbeResult result, String name,
            boolean lossLike, Function<Bin, Bin> kept) {
        boolean ofTasks = result.probe().equals("tasks");
        Group group = new Group(name, result.layout().equals("sequence") ? "sequence" : "fixed", ofTasks ? "" : result.text());
        List<Bin> bins = new ArrayList<>();
        if (probes.containsKey(group)) {
            bins.addAll(probes.get(group).bins());
        }
        result.bins().forEach(bin -> Stream.ofNullable(kept.apply(bin)).forEach(bins::add));
        probes.put(group, new Measurement(name, group.layout, group.set, result.unit(), lossLike, bins));
    }
}
