package ai.spattention.train.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;

import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.report.chart.Numbers;
import ai.spattention.train.report.chart.Page;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the heads of the runs see: runs with the same attention share a drawing. */
final class AttentionSection {

    private static final int MOST_PICTURES = 16;
    private static final int MOST_HEADS = 256;

    private AttentionSection() {}

    private record Attention(AttentionPattern pattern, String layers, int heads, int layoutLength, int length) {

        static List<Attention> of(OlmoeConfig model, int length) {
            return model.patterns().distinct().stream().map(pattern -> new Attention(pattern, layers(model, pattern),
                    model.numAttentionHeads(), model.layoutLength().resolve(length), length)).toList();
        }

        private static String layers(OlmoeConfig model, AttentionPattern pattern) {
            if (model.patterns().isUniform()) {
                return "";
            }
            return IntStream.range(0, model.numHiddenLayers()).filter(layer -> model.patterns().of(layer).equals(pattern))
                    .mapToObj(Integer::toString).collect(Collectors.joining(", ", " in layers ", ""));
        }

        List<HeadMask> masks() {
            return IntStream.range(0, Math.min(heads, MOST_HEADS)).mapToObj(head -> pattern.headMask(head, heads, layoutLength)).toList();
        }
    }

    /**
     * Draws the attention of all runs whose model is known.
     *
     * @param runs the runs by their labels
     * @return the section, or nothing if no model is known
     */
    static Optional<DomContent> draw(Map<String, RunData> runs) {
        Map<Attention, List<String>> labels = new LinkedHashMap<>();
        runs.forEach((label, run) -> run.model().ifPresent(model -> Attention.of(model, run.sequenceLength())
                .forEach(attention -> labels.computeIfAbsent(attention, key -> new ArrayList<>()).add(label))));
        if (labels.isEmpty()) {
            return Optional.empty();
        }
        List<DomContent> drawings = new ArrayList<>();
        labels.forEach((attention, owners) -> drawings.add(draw(attention, runs.size() == 1 ? List.of() : owners)));
        return Optional.of(Page.section("Attention", each(drawings.stream())));
    }

    private static DomContent draw(Attention attention, List<String> owners) {
        String shown = "What each head sees: " + attention.pattern().patternName() + attention.layers();
        if (attention.pattern().dependsOnData()) {
            return p(shown + (owners.isEmpty() ? "" : " (" + String.join(", ", owners) + ")")
                    + ": that depends on the tokens, so that there is nothing to draw.");
        }
        List<HeadMask> masks = attention.masks();
        String title = shown + ", bands laid out for "
                + Numbers.whole(attention.layoutLength()) + " tokens"
                + (masks.size() < attention.heads() ? ", the first " + masks.size() + " of " + Numbers.whole(attention.heads()) + " heads" : "")
                + (owners.isEmpty() ? "" : " (" + String.join(", ", owners) + ")");
        long pairs = attention.pattern().allowedPairs(attention.heads(), attention.layoutLength(), attention.length());
        long dense = StandardPattern.CAUSAL.allowedPairs(attention.heads(), attention.layoutLength(), attention.length());
        int prefix = masks.get(0).prefixKeys();
        return div(
                masks.stream().allMatch(mask -> mask.blocks().isEmpty()) ? BandDrawing.draw(title, masks, attention.length())
                        : p(title + ": blocks of keys, which lie at no fixed distances."),
                p(String.format(Locale.ROOT, "All heads together compute %,d pairs of query and key in a sequence of %,d tokens:"
                        + " %.1f%% of dense attention's %,d.%s Below, the heads' masks, queries downwards, keys to the right.",
                        pairs, attention.length(), 100.0 * pairs / dense, dense,
                        prefix == 0 ? "" : " The first " + prefix + " keys are seen from everywhere.")),
                pictures(masks, attention.length()));
    }

    /** Heads that see the same share a picture. */
    private static DomContent pictures(List<HeadMask> masks, int length) {
        Map<HeadMask, List<Integer>> heads = new LinkedHashMap<>();
        for (int head = 0; head < masks.size(); head++) {
            heads.computeIfAbsent(masks.get(head), key -> new ArrayList<>()).add(head);
        }
        int left = heads.size() - MOST_PICTURES;
        return div(
                each(heads.entrySet().stream().limit(MOST_PICTURES)
                        .map(entry -> MaskPicture.draw(name(entry.getValue()), entry.getKey(), length))),
                left > 0 ? p("and " + left + " more") : each()).withClass("masks");
    }

    private static String name(List<Integer> heads) {
        int first = heads.get(0);
        int last = heads.get(heads.size() - 1);
        return heads.size() == 1 ? "head " + first : last - first + 1 == heads.size() ? "heads " + first + " to " + last
                : heads.size() + " heads from head " + first;
    }
}
