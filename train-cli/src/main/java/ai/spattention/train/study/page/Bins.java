package ai.spattention.train.study.page;

import ai.spattention.train.report.chart.CurveChart;
import ai.spattention.train.report.chart.Scale;
import ai.spattention.train.study.analysis.ProbeAnalysis;
import ai.spattention.train.study.analysis.ProbeAnalysis.ArmBin;
import ai.spattention.train.study.analysis.ProbeAnalysis.BinDifference;
import java.util.List;
import java.util.Optional;

/** Bins as points of curves. */
final class Bins {

    private Bins() {}

    /** Where the figures of an analysis come from, for their titles. */
    static String where(ProbeAnalysis analysis) {
        return (analysis.set().isEmpty() ? "" : analysis.set() + ", ") + "part " + analysis.part().name()
                + (analysis.layout().isEmpty() ? "" : ", layout " + analysis.layout());
    }

    /** The means of an arm, each with its seeds. */
    static List<CurveChart.Spot> means(String arm, List<ArmBin> bins, Scale scale, String unit) {
        return bins.stream().map(bin -> new CurveChart.Spot(place(bin, scale), bin.mean(), Optional.empty(),
                List.copyOf(bin.bySeed().values()), arm + ", " + bin.label() + ": " + Texts.nats(bin.mean()) + " " + unit)).toList();
    }

    /** The differences of an arm from the reference, with intervals; bins without one are left out. */
    static List<CurveChart.Spot> differences(String arm, List<ArmBin> bins, Scale scale, String unit) {
        return bins.stream().filter(bin -> bin.difference().isPresent()).map(bin -> {
            BinDifference difference = bin.difference().get();
            return new CurveChart.Spot(place(bin, scale), difference.estimate(), Texts.range(difference.interval()),
                    List.copyOf(difference.bySeed().values()), label(arm, bin, difference, unit));
        }).toList();
    }

    static String label(String arm, ArmBin bin, BinDifference difference, String unit) {
        return arm + ", " + bin.label() + ": " + Texts.signed(difference.estimate()) + " " + unit
                + difference.interval().map(interval -> " (95%: " + Texts.interval(Optional.of(interval)) + ")").orElse("");
    }

    /** The middle of a range, by the axis it is drawn on; a logarithmic one has no room for what lies near 0. */
    private static double place(ArmBin bin, Scale scale) {
        return scale == Scale.LOGARITHMIC && bin.from() > 0 ? Math.sqrt(bin.from() * bin.to()) : (bin.from() + bin.to()) / 2;
    }
}
