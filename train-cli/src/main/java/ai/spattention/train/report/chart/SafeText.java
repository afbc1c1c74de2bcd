package ai.spattention.train.report.chart;

import j2html.utils.EscapeUtil;

/** Text from anywhere, made harmless: samples, names and messages may hold anything. */
final class SafeText {

    private static final int REPLACEMENT = 0xFFFD;

    private SafeText() {}

    /** Escapes markup; what XML knows no way to write (control characters, half surrogates) becomes U+FFFD. */
    static String escape(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().map(point -> isAllowed(point) ? point : REPLACEMENT).forEach(clean::appendCodePoint);
        return EscapeUtil.escape(clean.toString());
    }

    private static boolean isAllowed(int point) {
        return point == '\t' || point == '\n' || point == '\r' || point >= 0x20 && point < 0x7F
                || point >= 0xA0 && point < 0xD800 || point >= 0xE000 && point < 0xFFFE
                || point >= 0x10000;
    }
}
