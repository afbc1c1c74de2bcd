package ai.spattention.eval.score;

import ai.spattention.common.InvalidInputException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of several parts of an evaluation, computed apart from the others. Batches are numbered as they come, and dealt out to the parts in
 * turn: whole ones, so that they are the same whatever the number of parts.
 *
 * @param index which one, from 1 on
 * @param count how many there are, at least 1
 */
public record Part(int index, int count) {

    /** All of it. */
    public static final Part WHOLE = new Part(1, 1);

    private static final Pattern TEXT = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

    /**
     * Checks the numbers.
     *
     * @throws InvalidInputException if there is no such part
     */
    public Part {
        if (index < 1 || index > count) {
            throw new InvalidInputException("there is no part " + index + " of " + count + ": parts are 1/N to N/N");
        }
    }

    /**
     * Reads a part.
     *
     * @param text such as {@code 2/3}
     * @return the part
     * @throws InvalidInputException if the text is no part
     */
    public static Part of(String text) {
        Matcher numbers = TEXT.matcher(text);
        if (!numbers.matches()) {
            throw new InvalidInputException("a part must be I/N, such as 2/3 for the second of three (got '" + text + "')");
        }
        return new Part(Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)));
    }

    /**
     * Whether this is all of it.
     *
     * @return true for the one part of one
     */
    public boolean isWhole() {
        return count == 1;
    }

    /** Whether a batch belongs to this part, by its number from 0 on. */
    boolean has(long batch) {
        return batch % count == index - 1;
    }

    @Override
    public String toString() {
        return index + "/" + count;
    }
}
