package ai.spattention.train.checkpoint;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** The names of a checkpoint's files: tensors are in one file of each kind, or in as many as there were ranks. */
final class CheckpointFiles {

    static final String MANIFEST = "manifest.json";
    static final String STATE = "state.json";

    private static final String MODEL = "model";
    private static final String OPTIMIZER = "optimizer";
    private static final String SUFFIX = ".safetensors";
    private static final Set<String> OF_ONE = Set.of(MANIFEST, STATE, MODEL + SUFFIX, OPTIMIZER + SUFFIX);
    private static final Pattern OF_SEVERAL = Pattern.compile("(?:" + MODEL + "|" + OPTIMIZER + ")-\\d{5}-of-(?<ranks>\\d{5})\\.safetensors");

    private CheckpointFiles() {}

    static String model(int rank, int ranks) {
        return name(MODEL, rank, ranks);
    }

    static String optimizer(int rank, int ranks) {
        return name(OPTIMIZER, rank, ranks);
    }

    private static String name(String kind, int rank, int ranks) {
        return kind + (ranks == 1 ? "" : String.format(Locale.ROOT, "-%05d-of-%05d", rank + 1, ranks)) + SUFFIX;
    }

    static List<String> models(int ranks) {
        return IntStream.range(0, ranks).mapToObj(rank -> model(rank, ranks)).toList();
    }

    static List<String> optimizers(int ranks) {
        return IntStream.range(0, ranks).mapToObj(rank -> optimizer(rank, ranks)).toList();
    }

    /** How many ranks wrote a checkpoint of which some files have these names. */
    static int ranks(Collection<String> names) {
        return names.stream().map(OF_SEVERAL::matcher).filter(Matcher::matches).mapToInt(name -> Integer.parseInt(name.group("ranks")))
                .max().orElse(1);
    }

    static boolean isOwn(String name) {
        return OF_ONE.contains(name) || OF_SEVERAL.matcher(name).matches();
    }
}
