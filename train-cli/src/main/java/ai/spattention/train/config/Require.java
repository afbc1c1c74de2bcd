package ai.spattention.train.config;

/** The range checks of the records. Comparisons are written so that NaN fails them. */
final class Require {

    private Require() {}

    static void atLeast(String key, long value, long least) {
        that(value >= least, key, "must be at least " + least, value);
    }

    static void positive(String key, double value) {
        that(value > 0 && value < Double.POSITIVE_INFINITY, key, "must be a number above 0", value);
    }

    static void notNegative(String key, double value) {
        that(value >= 0 && value < Double.POSITIVE_INFINITY, key, "must be a number of at least 0", value);
    }

    static void that(boolean holds, String key, String rule, Object value) {
        if (!holds) {
            throw new InvalidKeyException(key + " " + rule + " (got " + Setting.shown(value.toString()) + ")", key);
        }
    }
}
