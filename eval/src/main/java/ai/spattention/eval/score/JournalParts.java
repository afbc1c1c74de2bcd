package ai.spattention.eval.score;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The journals of an evaluation's parts, all finished: {@code FILE.part-I-of-N} beside the file that gets the results.
 *
 * @param files the journals, in the parts' order
 */
public record JournalParts(List<Path> files) {

    /** Copies the list. */
    public JournalParts {
        files = List.copyOf(files);
    }

    /**
     * Where a finished part lies.
     *
     * @param output the file that gets the results of all parts
     * @param part the part
     * @return its journal
     */
    public static Path file(Path output, Part part) {
        return output.resolveSibling(output.getFileName() + ".part-" + part.index() + "-of-" + part.count());
    }

    /**
     * Finds all parts.
     *
     * @param output the file that gets the results
     * @return the journals
     * @throws InvalidInputException if there are none, some are missing, or they are of different numbers of parts
     * @throws IOException if the folder cannot be read
     */
    public static JournalParts find(Path output) throws IOException {
        Set<Integer> counts = counts(output);
        if (counts.isEmpty()) {
            throw new InvalidInputException("there are no parts to merge beside " + output + ": compute them first, by --part 1/N to --part N/N");
        }
        if (counts.size() > 1) {
            throw new InvalidInputException("beside " + output + " lie parts of different numbers of parts (" + counts
                    + "): remove those that are not meant");
        }
        int count = counts.iterator().next();
        List<Part> all = IntStream.rangeClosed(1, count).mapToObj(index -> new Part(index, count)).toList();
        List<Part> missing = all.stream().filter(part -> !Files.isRegularFile(file(output, part))).toList();
        if (!missing.isEmpty()) {
            throw new InvalidInputException("of " + count + " parts beside " + output + " " + missing.size() + (missing.size() == 1 ? " is" : " are")
                    + " not finished: compute it by --part " + missing.get(0) + ", with --resume if it was begun");
        }
        return new JournalParts(all.stream().map(part -> file(output, part)).toList());
    }

    private static Set<Integer> counts(Path output) throws IOException {
        Pattern name = Pattern.compile(Pattern.quote(output.getFileName().toString()) + "\\.part-\\d{1,6}-of-(\\d{1,6})");
        Set<Integer> counts = new TreeSet<>();
        try (Stream<Path> beside = Files.list(output.toAbsolutePath().getParent())) {
            for (Path file : (Iterable<Path>) beside::iterator) {
                Matcher part = name.matcher(file.getFileName().toString());
                if (part.matches()) {
                    counts.add(Integer.parseInt(part.group(1)));
                }
            }
        }
        return counts;
    }

    /**
     * Removes the journals: the results are complete.
     *
     * @throws IOException if one cannot be removed
     */
    public void delete() throws IOException {
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}
