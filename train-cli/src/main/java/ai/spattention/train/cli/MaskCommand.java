package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.mask.MaskDigest;
import ai.spattention.train.mask.MaskImage;
import ai.spattention.train.mask.MaskText;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows which keys the heads of a pattern see. */
@Command(name = "mask", mixinStandardHelpOptions = true, description = "Show which keys the heads of a pattern see.")
final class MaskCommand implements Callable<Integer> {

    private static final int MOST_HEADS = 1 << 16;
    private static final int MOST_DRAWN_HEADS = 1 << 10;

    /** Some seconds' work. */
    private static final int MOST_DRAWN_BLOCKS = 1 << 18;

    /** About a minute's work, and more positions than any model reads. */
    private static final long MOST_DIGESTED = 1L << 36;

    @Option(names = "--pattern", required = true, paramLabel = "NAME",
            description = "causal, sp, exclusive, local, window, gapped, longformer, bigbird, reformer, or with settings window:W,"
                    + " longformer-dilated[:DILATION] or bigbird-random[:SEED].")
    private String pattern;

    @Option(names = "--heads", required = true, paramLabel = "H", description = "The number of heads.")
    private int heads;

    @Option(names = "--length", required = true, paramLabel = "N", description = "The sequence length.")
    private int length;

    @Option(names = "--layout-length", paramLabel = "L|sequence",
            description = "The length from which bands are computed (default: the sequence).")
    private String layoutLength;

    @ArgGroup(multiplicity = "1")
    private Form form;

    @Spec
    private CommandSpec spec;

    private static final class Form {

        @Option(names = "--digest", required = true, description = "Print one JSON line with the number of pairs and a SHA-256.")
        private boolean digest;

        @Option(names = "--ascii", required = true, description = "Draw with characters.")
        private boolean ascii;

        @Option(names = "--png", required = true, paramLabel = "FILE", description = "Draw the heads side by side.")
        private Path png;
    }

    @Override
    public Integer call() throws IOException {
        AttentionPattern chosen = Patterns.onClassPath().of(pattern);
        if (length < 1) {
            throw new InvalidInputException("--length must be at least 1 (got " + length + ")");
        }
        if (heads < 1) {
            throw new InvalidInputException("--heads must be at least 1 (got " + heads + ")");
        }
        int mostHeads = form.digest ? MOST_HEADS : MOST_DRAWN_HEADS;
        if (heads > mostHeads) {
            throw new InvalidInputException("--heads must be at most " + mostHeads + " for a " + (form.digest ? "digest" : "drawing")
                    + " (got " + heads + ")");
        }
        if (form.digest && (long) length * length > MOST_DIGESTED / heads) {
            throw new InvalidInputException("a digest goes over --heads x --length x --length bytes, at most " + MOST_DIGESTED
                    + " (got " + heads + " x " + length + " x " + length + "): use fewer heads or a shorter sequence");
        }
        if (chosen.dependsOnData()) {
            throw new InvalidInputException("--pattern " + pattern + " has no mask: what is seen depends on the tokens; choose a pattern that"
                    + " goes by positions");
        }
        new Outputs().writes("--png", form.png);
        LayoutLength layout = layoutLength == null ? LayoutLength.SEQUENCE : LayoutLength.parse(layoutLength);
        List<HeadMask> masks = IntStream.range(0, heads)
                .mapToObj(head -> chosen.headMask(head, heads, layout.resolve(length))).toList();
        long blocks = masks.stream().filter(mask -> !mask.blocks().isEmpty()).mapToLong(mask -> length / mask.blocks().size()).sum();
        if (!form.digest && blocks > MOST_DRAWN_BLOCKS) {
            throw new InvalidInputException("a drawing of random blocks goes over those of all heads, at most " + MOST_DRAWN_BLOCKS + " (got "
                    + blocks + "): use fewer heads or a shorter sequence");
        }
        PrintWriter out = spec.commandLine().getOut();
        if (form.digest) {
            ObjectNode line = new ObjectMapper().createObjectNode().put("pattern", pattern).put("heads", heads)
                    .put("length", length);
            if (layoutLength != null) {
                line.put("layout_length", layout.toString());
            }
            line.put("allowed_pairs", chosen.allowedPairs(heads, layout.resolve(length), length));
            out.println(line.put("sha256", MaskDigest.sha256(masks, length)));
        } else if (form.ascii) {
            out.print(MaskText.draw(masks, length));
            out.flush();
        } else {
            MaskImage.write(pattern, masks, length, form.png);
            Outputs.console(spec, form.png).println(form.png);
        }
        return 0;
    }
}
