package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;

/**
 * A part of prepared data: what the model learns from, or a set that is held out and only measures it.
 *
 * @param folder the name of its folder and of its entry in the manifest: {@code train}, {@code validation}, or {@code
 *     validation-NAME} for one of several held-out sets
 */
public record Split(String folder) implements Comparable<Split> {

    /** What the model learns from. */
    public static final Split TRAIN = new Split("train");
    /** The held-out set that has no name of its own. */
    public static final Split VALIDATION = new Split("validation");

    /** A held-out set's name, as a regular expression. */
    static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";

    private static final String NAMED = VALIDATION.folder + "-";

    /**
     * A held-out set.
     *
     * @param name its name; {@code validation} for {@link #VALIDATION}
     * @return the split
     * @throws InvalidInputException if the name cannot be that of a held-out set
     */
    public static Split heldOut(String name) {
        if (!name.matches(NAME) || name.equals(TRAIN.folder)) {
            throw new InvalidInputException("a held-out set's name must be 1 to 64 letters, digits, dots, dashes and underscores that"
                    + " begin with a letter or digit, and not 'train' (got '" + name + "')");
        }
        return name.equals(VALIDATION.folder) ? VALIDATION : new Split(NAMED + name);
    }

    /** Whether a folder's name is that of a split. */
    static boolean isFolder(String name) {
        return name.matches("train|validation(-" + NAME + ")?");
    }

    /**
     * The name for people.
     *
     * @return {@code train}, or the held-out set's name
     */
    public String name() {
        return folder.startsWith(NAMED) ? folder.substring(NAMED.length()) : folder;
    }

    /**
     * Orders by folder: training, validation, then the named sets.
     *
     * @param other another split
     * @return as the folders compare
     */
    @Override
    public int compareTo(Split other) {
        return folder.compareTo(other.folder);
    }
}
