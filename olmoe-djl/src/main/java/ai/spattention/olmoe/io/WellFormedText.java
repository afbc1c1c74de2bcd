package ai.spattention.olmoe.io;

/** Text that UTF-8 can express. */
public final class WellFormedText {

    private static final char REPLACEMENT = '\uFFFD';

    private WellFormedText() {}

    /**
     * Replaces half characters (surrogates without their other half), which JSON's and YAML's escapes can express and no
     * encoding can, by U+FFFD.
     *
     * @param text any text
     * @return the same text if there are none
     */
    public static String of(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (Character.charCount(text.codePointAt(i)) == 2) {
                i++;
                continue;
            }
            mended = mended == null ? new StringBuilder(text) : mended;
            mended.setCharAt(i, REPLACEMENT);
        }
        return mended == null ? text : mended.toString();
    }
}
