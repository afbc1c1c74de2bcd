package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.data.source.InputFile;
import ai.spattention.train.data.source.InputFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The files that a preparation reads.
 *
 * @param heldOut those of each held-out set, by its name
 * @param files those to learn from
 */
public record PreparationInputs(Map<String, List<InputFile>> heldOut, List<InputFile> files) {

    /** One of each kind of file in a prepared folder. */
    private static final List<String> WRITTEN = List.of(Manifest.FILE, "tokenizer.json", "train/part-00000.npy", "train/part-00000.csv.gz");

    /** The order of the held-out sets is kept. */
    public PreparationInputs {
        heldOut = new LinkedHashMap<>(heldOut);
        files = List.copyOf(files);
    }

    /**
     * Finds the files that settings name.
     *
     * @param settings the settings
     * @return the files of each set, ordered by their names
     * @throws InvalidInputException if there are none, or one is in two sets
     * @throws IOException if a folder cannot be listed
     */
    static PreparationInputs find(PreparationSettings settings) throws IOException {
        Map<String, List<InputFile>> heldOut = new LinkedHashMap<>();
        Map<Path, String> sets = new HashMap<>();
        for (Map.Entry<String, List<String>> set : settings.heldOut().entrySet()) {
            List<InputFile> files = InputFiles.find(set.getValue());
            for (InputFile file : files) {
                String other = sets.putIfAbsent(file.path().toRealPath(), set.getKey());
                if (other != null) {
                    throw new InvalidInputException(file.path() + " is in two held-out sets, " + other + " and " + set.getKey()
                            + ": name it once");
                }
            }
            heldOut.put(set.getKey(), files);
        }
        List<InputFile> files = InputFiles.find(settings.inputs());
        for (InputFile file : files) {
            String set = sets.get(file.path().toRealPath());
            if (set != null) {
                throw new InvalidInputException(file.path() + " is held out as '" + set + "' and is in the input, too: what measures a"
                        + " model must not be learnt from; name inputs without it");
            }
        }
        PreparationInputs inputs = new PreparationInputs(heldOut, files);
        if (!settings.separator().equals(DocumentSeparator.NONE) && inputs.all().noneMatch(InputFile::isPlainText)) {
            throw new InvalidInputException("--document-separator is for plain text, and no input is plain text by its name: leave it out");
        }
        return inputs;
    }

    /** What is written must not be read as text the next time. */
    static void requireOutside(PreparationSettings settings, Path folder) throws IOException {
        List<String> inputs = Stream.concat(settings.inputs().stream(), settings.heldOut().values().stream().flatMap(List::stream))
                .toList();
        for (String file : WRITTEN) {
            if (InputFiles.wouldFind(inputs, folder.resolve(file))) {
                throw new InvalidInputException("--output " + folder + " lies in the input, where its files would be read as text the"
                        + " next time: name a folder elsewhere");
            }
        }
    }

    /** All files: the held-out ones, then those to learn from. */
    Stream<InputFile> all() {
        return Stream.concat(heldOut.values().stream().flatMap(List::stream), files.stream());
    }

    /** The size of all files. */
    long bytes() throws IOException {
        long bytes = 0;
        for (InputFile file : all().toList()) {
            bytes += file.size();
        }
        return bytes;
    }

    /**
     * Cuts these into units, of which the first has the held-out sets.
     *
     * @param seed of the order of the files
     * @param unitBytes the most bytes of a unit, but a file is never cut
     * @return the units; these themselves if they are one
     */
    List<PreparationInputs> units(long seed, long unitBytes) throws IOException {
        List<Long> sizes = new ArrayList<>();
        for (InputFile file : files) {
            sizes.add(file.size());
        }
        int[] units = UnitCut.cut(sizes, seed, unitBytes);
        List<List<InputFile>> ofUnit = new ArrayList<>();
        for (int i = 0; i < units.length; i++) {
            while (ofUnit.size() <= units[i]) {
                ofUnit.add(new ArrayList<>());
            }
            ofUnit.get(units[i]).add(files.get(i));
        }
        List<PreparationInputs> result = new ArrayList<>();
        for (List<InputFile> own : ofUnit) {
            result.add(new PreparationInputs(result.isEmpty() ? heldOut : Map.of(), own));
        }
        return result;
    }
}
