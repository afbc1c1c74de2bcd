package ai.spattention.train.study.page;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.p;

import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import ai.spattention.train.report.chart.Range;
import ai.spattention.train.report.chart.RowChart;
import ai.spattention.train.study.analysis.LossAnalysis;
import ai.spattention.train.study.statistics.ArmTest;
import ai.spattention.train.study.statistics.Comparison;
import ai.spattention.train.study.statistics.Difference;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The final losses on one text: every seed, and how arms differ from the reference. */
final class LossSection {

    private final LossAnalysis losses;
    private final ArmStyles styles;
    private final String where;

    private LossSection(LossAnalysis losses, ArmStyles styles) {
        this.losses = losses;
        this.styles = styles;
        where = losses.set() + ", part " + losses.part().name() + " (" + Numbers.count(losses.part().tokens()) + " tokens a run)";
    }

    static DomContent draw(List<LossAnalysis> losses, ArmStyles styles) {
        List<DomContent> drawn = losses.stream().filter(loss -> !loss.measured().isEmpty())
                .map(loss -> new LossSection(loss, styles).draw()).toList();
        return Page.section("Loss and differences", drawn.isEmpty() ? p("No run has finished yet.") : each(drawn.stream()));
    }

    private DomContent draw() {
        return div(h3(where), div(each(seeds(), forest())).withClass("charts"), each(table(), p(test())));
    }

    private DomContent seeds() {
        List<RowChart.Row> rows = new ArrayList<>();
        losses.measured().forEach((arm, seeds) -> rows.add(new RowChart.Row(arm, styles.of(arm), dots(arm, seeds),
                OptionalDouble.of(losses.mean(arm)), Optional.empty(), Optional.empty(), Texts.nats(losses.mean(arm)))));
        String title = "Final loss of every seed: " + where;
        return Page.figure(title, "Each mark is a run, the upright line an arm's mean, written at the right. Less is better. If arms"
                + " overlap here they may still differ: seeds shift all arms alike, which the differences beside this figure leave out.",
                RowChart.draw(title, "loss (nats a token)", rows, Optional.empty(), OptionalDouble.empty())).withClass("chart");
    }

    private List<RowChart.Dot> dots(String arm, Map<Long, Double> seeds) {
        List<RowChart.Dot> dots = new ArrayList<>();
        seeds.forEach((seed, value) -> dots.add(new RowChart.Dot(value, arm + ", seed " + seed + ": " + Texts.nats(value)
                + " nats a token")));
        return dots;
    }

    private DomContent forest() {
        String title = "Difference to " + losses.reference() + ": " + where;
        if (losses.comparisons().isEmpty()) {
            return Page.figure(title, "Nothing to compare: that takes finished runs of " + losses.reference() + " and of another arm for"
                    + " one seed.").withClass("chart");
        }
        List<RowChart.Row> rows = losses.comparisons().stream().map(this::row).toList();
        return Page.figure(title, "Left of 0 is better than " + losses.reference() + ". The thin line is the 95% interval, the thick one"
                + " the 90% interval of the equivalence test: equal is what has it wholly within the shaded margin of ±" + losses.margin()
                + ". Marks are the differences of single seeds." + (losses.model().degreesOfFreedom() == 0
                        ? " With one seed there are no intervals." : ""),
                RowChart.draw(title, "loss less that of " + losses.reference() + " (nats a token)", rows,
                        Optional.of(new Range(-losses.margin(), losses.margin())), OptionalDouble.of(0))).withClass("chart");
    }

    private RowChart.Row row(Comparison comparison) {
        Difference difference = comparison.difference();
        List<Long> seeds = losses.model().table().seeds();
        List<Double> own = losses.model().table().values(difference.arm());
        List<Double> others = losses.model().table().values(difference.other());
        List<RowChart.Dot> dots = new ArrayList<>();
        for (int i = 0; i < seeds.size(); i++) {
            dots.add(new RowChart.Dot(own.get(i) - others.get(i), difference.arm() + ", seed " + seeds.get(i) + ": "
                    + Texts.signed(own.get(i) - others.get(i)) + " nats a token"));
        }
        return new RowChart.Row(difference.arm(), styles.of(difference.arm()), dots, OptionalDouble.of(difference.estimate()),
                Texts.range(difference.interval95()), Texts.range(difference.interval90()),
                Texts.symbol(comparison.verdict()) + " " + comparison.verdict().word());
    }

    private DomContent table() {
        List<List<String>> rows = new ArrayList<>();
        losses.measured().forEach((arm, seeds) -> {
            Optional<Comparison> comparison = losses.comparison(arm);
            List<String> row = new ArrayList<>(List.of(arm, Integer.toString(seeds.size()), Texts.nats(losses.mean(arm))));
            row.addAll(comparison.map(LossSection::cells).orElse(List.of("-", "-", "-", "-", "-", arm.equals(losses.reference())
                    ? "the reference" : "not compared")));
            rows.add(row);
        });
        return Page.table(List.of("arm", "seeds", "loss", "difference", "standard error", "95% interval", "90% interval", "p (Holm)",
                "verdict"), rows);
    }

    private static List<String> cells(Comparison comparison) {
        Difference difference = comparison.difference();
        boolean isKnown = difference.degreesOfFreedom() > 0;
        return List.of(Texts.signed(difference.estimate()),
                isKnown ? Texts.nats(difference.standardError().orElseThrow()) : "not known", Texts.interval(difference.interval95()),
                Texts.interval(difference.interval90()), isKnown ? Texts.p(comparison.adjustedP()) : "not known", Texts.verdict(comparison));
    }

    private String test() {
        Optional<ArmTest> test = losses.model().armTest();
        if (test.isEmpty()) {
            return "Differences have an error only with two arms and two complete seeds or more.";
        }
        ArmTest arms = test.get();
        double deviation = losses.model().errorDeviation().orElseThrow();
        int seeds = losses.model().table().seeds().size();
        return "Over all arms: F(" + arms.numerator() + ", " + arms.denominator() + ") = "
                + (Double.isInfinite(arms.ratio()) ? "beyond all numbers" : String.format(Locale.ROOT, "%.2f", arms.ratio())) + ", p "
                + Texts.p(arms.p()) + ". The error's deviation s is " + Texts.nats(deviation) + " nats a token with " + arms.denominator()
                + " degrees of freedom: " + seeds + " seeds find a difference of " + Texts.nats(losses.model().detectable(seeds)
                .orElseThrow()) + " in four of five cases, " + 2 * seeds + " seeds one of "
                + Texts.nats(losses.model().detectable(2 * seeds).orElseThrow()) + ".";
    }
}
