package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;

/** Checks of the records that a range does not say. Comparisons are written so that NaN fails them. */
final class Require {

    private Require() {}

    static void positive(String key, double value) {
        that(value > 0 && value < Double.POSITIVE_INFINITY, key, "must be positive and finite", value);
    }

    static void that(boolean holds, String key, String rule, Object value) {
        if (!holds) {
            throw new InvalidKeyException(key + " " + rule + " (got " + Setting.shown(value.toString()) + ")", key);
        }
    }
}
