package ai.spattention.eval.jinja;

/** Places in a text that are not within a character of two UTF-16 units. */
final class Chars {

    private Chars() {}

    private static boolean splits(String text, int at) {
        return at > 0 && at < text.length() && Character.isLowSurrogate(text.charAt(at))
                && Character.isHighSurrogate(text.charAt(at - 1));
    }

    private static boolean isWhole(String text, int at, String sought) {
        return !splits(text, at) && !splits(text, at + sought.length());
    }

    /** The first place of a text in a part of another; -1 if there is none. */
    static int find(String text, String sought, int from, int to) {
        for (int at = text.indexOf(sought, from); at >= 0 && at + sought.length() <= to; at = text.indexOf(sought, at + 1)) {
            if (isWhole(text, at, sought)) {
                return at;
            }
        }
        return -1;
    }

    /** The last place of a text in a part of another; -1 if there is none. */
    static int findLast(String text, String sought, int from, int to) {
        for (int at = text.lastIndexOf(sought, to - sought.length()); at >= from; at = text.lastIndexOf(sought, at - 1)) {
            if (isWhole(text, at, sought)) {
                return at;
            }
        }
        return -1;
    }
}
