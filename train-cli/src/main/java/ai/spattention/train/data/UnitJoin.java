package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the folders of units are as one folder: their shards one after another, renamed and not cut anew.
 *
 * @param manifest of the whole
 * @param moves where each of the units' files belongs
 */
public record UnitJoin(Manifest manifest, List<Move> moves) {

    private static final List<String> SUMS = List.of("empty_documents", "text_bytes");

    /**
     * A file that is to be moved.
     *
     * @param from its path in the folder that holds the units' folders
     * @param to its path in the whole folder
     */
    public record Move(String from, String to) {}

    /**
     * Joins.
     *
     * @param units the manifests of all units, in order, at least one
     * @return the whole
     * @throws InvalidInputException if the units were not made with one tokenizer, or there is no text to learn from
     */
    public static UnitJoin of(List<Manifest> units) {
        Manifest first = units.get(0);
        Map<String, List<Manifest.Shard>> splits = new TreeMap<>();
        List<Move> moves = new ArrayList<>();
        for (int unit = 0; unit < units.size(); unit++) {
            Manifest own = units.get(unit);
            if (!own.tokenizer().withName("").equals(first.tokenizer().withName(""))) { // a copy has another name
                throw new InvalidInputException(UnitFolder.name(unit) + " was made with another tokenizer than " + UnitFolder.name(0)
                        + ": delete the output folder and start again with one tokenizer for all workers");
            }
            for (Split split : own.all()) {
                List<Manifest.Shard> whole = splits.computeIfAbsent(split.folder(), any -> new ArrayList<>());
                for (Manifest.Shard shard : own.shards(split)) {
                    String file = split.folder() + String.format(Locale.ROOT, "/part-%05d.npy", whole.size());
                    Manifest.Shard moved = new Manifest.Shard(file, shard.tokens(), shard.documents(), shard.sha256());
                    whole.add(moved);
                    moves.add(new Move(UnitFolder.name(unit) + "/" + shard.file(), moved.file()));
                    moves.add(new Move(UnitFolder.name(unit) + "/" + shard.documentsFile(), moved.documentsFile()));
                }
            }
        }
        Manifest manifest = new Manifest(Manifest.VERSION, first.tokenizer(), first.dtype(), splits, settings(units));
        if (manifest.tokens(Split.TRAIN) == 0) {
            throw manifest.nothingToLearnFrom();
        }
        return new UnitJoin(manifest, moves);
    }

    /** Those of the first unit, but sums over all where something is counted. */
    private static Map<String, String> settings(List<Manifest> units) {
        Map<String, String> settings = new TreeMap<>(units.get(0).settings());
        for (Manifest unit : units.subList(1, units.size())) {
            unit.settings().forEach((key, value) -> {
                if (SUMS.contains(key) || key.startsWith(Manifest.TEXT_BYTES)) {
                    settings.merge(key, value, (one, other) -> Long.toString(Long.parseLong(one) + Long.parseLong(other)));
                }
            });
        }
        if (units.size() > 1) {
            settings.put("units", Integer.toString(units.size()));
        }
        return settings;
    }
}
